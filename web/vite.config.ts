import { defineConfig } from "vite";

// One folder a page. The names carry no hash: the programs forbid browsers to keep anything.
export default defineConfig({
  root: "host",
  base: "./",
  build: {
    outDir: "../dist/host",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: { entryFileNames: "page.js", assetFileNames: "page.[ext]" },
    },
  },
});
