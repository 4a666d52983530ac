// Sixgate-gateway brings hosts and bridges together by six-digit codes and relays between them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"

	"sixgate/gateway"
)

var version = "unknown"

type program struct {
	Version kong.VersionFlag `help:"Print the version."`

	Serve    serve `cmd:"" help:"Serve hosts and bridges until interrupted."`
	Operator struct {
		Add    addOperator    `cmd:"" help:"Admit an operator, also while the gateway serves, and print the profile for their bridge. It holds a private key."`
		Remove removeOperator `cmd:"" help:"End what an operator may, also while the gateway serves."`
	} `cmd:"" help:"Who may offer help."`
}

type serve struct {
	Data     string   `default:"${data}" placeholder:"DIR" help:"Where codes, operators and the gateway's key are kept (${default})."`
	Listen   string   `default:"0.0.0.0:4443" placeholder:"ADDR:PORT" help:"Address to listen on, TCP and UDP (${default}). Port 0 chooses one."`
	Portal   string   `placeholder:"ADDR:PORT" help:"Where on loopback Prometheus finds metrics, as in 127.0.0.1:8080."`
	TLSCert  string   `name:"tls-cert" placeholder:"FILE" help:"Certificate (PEM) for WebSocket and the page at this port; otherwise one is made. Hosts and bridges need none: they know the gateway by its key."`
	TLSKey   string   `name:"tls-key" placeholder:"FILE" help:"The certificate's key (PEM)."`
	Cluster  []string `placeholder:"NAME,HOST:PORT" help:"Be one with other gateways: a name that all have, and the --cluster-listen of each of the others. They share codes and operators; of three any one may die. All need the same file cluster.key in --data: the first that starts makes it, copy it to the others before they start."`
	Announce []string `placeholder:"HOST[:PORT]" help:"What profiles call this gateway, where its network interfaces do not show it: a host name, or the address of a router."`

	ClusterListen string `default:"0.0.0.0:4444" placeholder:"ADDR:PORT" help:"Where the other gateways of a cluster come in (${default}). Nothing listens there without --cluster."`
}

func (c serve) Run(ctx context.Context, log *slog.Logger) error {
	o := gateway.Options{Data: c.Data, Listen: c.Listen, Announce: c.Announce, Portal: c.Portal, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Log: log}
	if len(c.Cluster) > 0 {
		o.Cluster = &gateway.Cluster{Name: c.Cluster[0], Listen: c.ClusterListen, Routes: c.Cluster[1:]}
	}
	g, err := gateway.Open(ctx, o)
	if err != nil {
		return err
	}
	for _, a := range g.Addresses() {
		fmt.Println(a)
	}
	<-ctx.Done()
	log.Info("closing")
	return g.Close()
}

type addOperator struct {
	Name         string `arg:"" help:"The operator's name, as users will see it."`
	Organisation string `help:"The operator's organisation, as users will see it."`
	GatewayData  string `default:"${data}" placeholder:"DIR" help:"The gateway's --data (${default})."`
}

func (c addOperator) Run() error {
	profile, err := gateway.AddOperator(c.GatewayData, c.Name, c.Organisation)
	if err != nil {
		return err
	}
	if out, err := os.Stdout.Stat(); err == nil && out.Mode().IsRegular() { // > NAME.sixgate, for its owner only
		if err := os.Stdout.Chmod(0o600); err != nil {
			return err
		}
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(profile)
}

type removeOperator struct {
	Who         string `arg:"" help:"The operator's name, or their bridge's peer id where several have the name."`
	GatewayData string `default:"${data}" placeholder:"DIR" help:"The gateway's --data (${default})."`
}

func (c removeOperator) Run() error {
	return gateway.RemoveOperator(c.GatewayData, c.Who)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var p program
	k := kong.Parse(&p, kong.UsageOnError(),
		kong.Description("Brings the two ends of a remote help session together by a six-digit code, and relays between them. It cannot read what it relays."),
		kong.Vars{"version": version, "data": defaultData()},
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	if err := k.Run(); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "sixgate-gateway:", err)
		os.Exit(1)
	}
}

// defaultData is where a service keeps its state, and where a person does.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/sixgate-gateway"
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".sixgate-gateway")
	}
	return "sixgate-gateway"
}
