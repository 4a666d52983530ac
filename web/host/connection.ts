// How a session stands on the network.
import { element } from "./element";
import { type View } from "./state";
import { say, spoken } from "./words";

const backFor = 8000; // milliseconds that the page says that the connection is back

let view: View;
let back = 0; // until when, in performance.now()'s milliseconds

// stands takes in the view that comes next. redraw is called when what it says of a connection that is back has been there for long
// enough.
export function stands(next: View, redraw: () => void): void {
  if (view?.broken && next.state !== "end" && !next.broken) {
    back = performance.now() + backFor;
    setTimeout(redraw, backFor + 50);
  }
  view = next;
}

// connection says that the connection is broken, or is back; nothing where there is nothing amiss.
export function connection(): HTMLElement[] {
  if (view.broken) {
    const time = new Date(view.broken).toLocaleTimeString(spoken());
    return [
      element("div", { class: "card broken", role: "alert" }, element("p", {}, element("strong", {}, say("connectionBroken"))), element("p", { class: "small" }, say("brokenSince", { name: view.name ?? "", time }), " ", say("stopAllTheSame"))),
    ];
  }
  if (performance.now() < back) return [element("p", { class: "fit", role: "status", id: "back" }, say("back"))];
  return [];
}

// how says how the two ends are connected.
export function how(): HTMLElement[] {
  if (!view.path) return [];
  const rtt = view.rtt ? ` · ${view.rtt < 10 ? view.rtt.toFixed(1) : Math.round(view.rtt)} ms` : "";
  return [element("p", { class: "small faint", id: "path", "aria-live": "off" }, say(view.path === "direct" ? "directly" : "byRelay") + rtt)];
}
