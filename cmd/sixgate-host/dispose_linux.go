package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// runningProgram leads to this program's file, also when it has no name any more.
const runningProgram = "/proc/self/exe"

// helpAndDispose is help by a program whose file is deleted, and which says in the end what it looked for.
func (c helpCmd) helpAndDispose(ctx context.Context, log *slog.Logger) error {
	r := residue{out: os.Stdout, display: c.display}
	var err error
	if r.before, err = openFiles(); err != nil {
		return err
	}
	if r.file, r.undeleted, err = dispose(); err != nil {
		return err
	}
	if r.undeleted != nil {
		fmt.Fprintf(os.Stderr, "sixgate-host: %s will stay: %v\n", r.file, r.undeleted)
	}
	err = c.help(ctx, log, &r.traces)
	return errors.Join(err, r.check())
}

// dispose deletes this program's file while it runs, which this system allows: so nothing is left of it however it ends, also when it
// is killed or the power fails. It deletes nothing else: where another file has taken its place, that is an error. Where the file
// cannot be deleted, undeleted says why.
func dispose() (path string, undeleted, err error) {
	if path, err = os.Executable(); err != nil {
		return "", nil, err
	}
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return "", nil, fmt.Errorf("this program's file cannot be found to be deleted: %w", err)
	}
	defer dir.Close()
	name := filepath.Base(path)
	file, err := dir.Lstat(name)
	if err != nil {
		return "", nil, fmt.Errorf("this program's file cannot be found to be deleted: %w", err)
	}
	running, err := os.Stat(runningProgram)
	if err != nil {
		return "", nil, err
	}
	if !file.Mode().IsRegular() || !os.SameFile(file, running) {
		return "", nil, fmt.Errorf("%s is not the program that was started, so it is not deleted: start it without --dispose", path)
	}
	if err := dir.Remove(name); err != nil {
		return path, plain(err), nil
	}
	if d, err := dir.Open("."); err == nil {
		d.Sync() // not every file system can
		d.Close()
	}
	return path, nil, nil
}

// plain is an error without the path, which is said beside it.
func plain(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
