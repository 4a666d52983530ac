// Package web holds the pages of the programs. Their source is TypeScript, one folder a page; `npm ci && npm run build` writes
// dist, which is committed so that Go alone builds everything.
package web

import (
	"embed"
	"encoding/json"
	"io/fs"
	"strings"
)

//go:embed dist
var dist embed.FS

//go:embed words
var words embed.FS

// Words are what people read in a language, "de" or "de_AT.UTF-8", by the names in web/words; in English where there is no other.
func Words(language string) map[string]string {
	b, err := words.ReadFile("words/" + strings.ToLower(language[:min(2, len(language))]) + ".json")
	if err != nil {
		b, err = words.ReadFile("words/en.json")
	}
	var list map[string]string
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		panic(err) // the files are part of the program
	}
	return list
}

// Catalogues are the files with the words, words/en.json and so on, for pages.
func Catalogues() fs.FS { return words }

// Host is the end user's page: index.html and what it names.
func Host() fs.FS {
	sub, err := fs.Sub(dist, "dist/host")
	if err != nil {
		panic(err) // the name above is wrong
	}
	return sub
}
