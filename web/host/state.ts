// What the program says, and what the end user answers. The program's side is host/page.go.

export type Permission = "view" | "control" | "files" | "clipboard" | "tunnel";

export type Mode = "active" | "guidance" | "monitor" | "chat" | "files";

export interface View {
  state: "connecting" | "proxy" | "fail" | "code" | "waiting" | "verify" | "live" | "end";
  problem?: string; // a key of the catalogue
  name?: string; // of the supporter
  organisation?: string;
  purpose?: string;
  verified?: boolean; // the organisation
  mode?: Mode; // that is wanted, or the session's
  modes?: { mode: Mode; offers: Permission[] }[]; // to choose from, highest first; in a session, to step down to
  wanted?: Permission[];
  allowed?: Permission[];
  fit?: boolean; // the check digits
  pause?: number; // milliseconds until Allow may be pressed
  power?: "restart" | "shutdown"; // what the supporter wants to do to this computer
  since?: string; // RFC 3339: when the session began
  broken?: string; // RFC 3339: since when there is no connection
  path?: "relay" | "direct"; // where there is one
  rtt?: number; // of it, in milliseconds
  reason?: string; // a key of the catalogue: why it ended, or did not begin
  receipt?: Receipt;
}

export interface Receipt {
  from: string;
  to: string;
  granted: { at: string; mode: Mode; allowed: Permission[] }[];
}

// Windows is what is hidden, and may be. The program's side is host/page_hiding.go.
export interface Windows {
  ask: boolean; // before a new window is shown
  windows: Window[];
  new: Window[]; // that the end user is asked about
  programs: string[]; // that are hidden with all windows that they will open
}

export interface Window {
  id: number;
  program: string;
  title?: string; // of one that is shown
  hidden?: boolean;
}

// follow calls show with each view that the program has, list with its windows (null where none can be hidden), and gone when the
// program does not answer. A tab that newer ones have replaced follows again when it is looked at.
export function follow(show: (view: View) => void, list: (windows: Windows | null) => void, gone: () => void): void {
  const events = new EventSource("events");
  events.onmessage = (e) => {
    const view = JSON.parse(e.data) as View;
    if (view.state === "end" || view.state === "fail") events.close(); // there is nothing to come
    show(view);
  };
  events.addEventListener("windows", (e) => list(JSON.parse((e as MessageEvent<string>).data) as Windows | null));
  events.onerror = gone; // the browser tries again by itself
  events.addEventListener("replaced", () => {
    events.close();
    const again = () => {
      if (document.visibilityState !== "visible") return;
      document.removeEventListener("visibilitychange", again);
      follow(show, list, gone);
    };
    document.addEventListener("visibilitychange", again);
  });
}

// answer tells the program what the end user decided.
export async function answer(
  what: "proxy" | "code" | "digits" | "allow" | "change" | "step" | "power" | "stop" | `windows/${"hide" | "show" | "only" | "ask" | "program"}`,
  value: unknown,
): Promise<boolean> {
  try {
    const body = JSON.stringify(value);
    const response = await fetch(what, { method: "POST", body, headers: { "Content-Type": "application/json" } });
    return response.ok;
  } catch {
    return false;
  }
}
