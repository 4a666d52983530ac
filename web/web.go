// Package web holds the pages of the programs. Their source is TypeScript, one folder a page; `npm ci && npm run build` writes
// dist, which is committed so that Go alone builds everything.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Host is the end user's page: index.html and what it names.
func Host() fs.FS {
	sub, err := fs.Sub(dist, "dist/host")
	if err != nil {
		panic(err) // the name above is wrong
	}
	return sub
}
