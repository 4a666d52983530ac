import { digits } from "./digits";
import { element } from "./element";
import { saveReceipt, receiptLines } from "./receipt";
import { keepFocus } from "./focus";
import { connection, how, stands } from "./connection";
import { askProxy } from "./proxy";
import { answer, follow, type Mode, type Permission, type View } from "./state";
import { asksBeforeNew, drawWindows, hideWindows, newWindow, setWindows } from "./windows";
import { languages, say, speak, spoken, type Language } from "./words";

const main = document.getElementById("main") as HTMLElement;
let view: View = { state: "waiting" };
let lost = false;
let unlock = 0; // when Allow may be pressed, in performance.now()'s milliseconds
const refused = new Set<Permission>(["files", "tunnel"]); // what the end user would not allow; these until they say so
let chosen: Mode | undefined; // by the end user, when they allow less than is wanted

// The page is drawn anew for each view; what was typed belongs to the view before.
function draw(): void {
  const alarm = view.state === "verify" && !view.verified;
  main.classList.toggle("alarm", alarm);
  const problem = view.problem ? [element("p", { class: "problem", role: "alert" }, say(view.problem, who()))] : [];
  const gone = lost && view.state !== "end" && view.state !== "fail" ? [element("div", { class: "lost", role: "alert" }, say("lost"))] : [];
  drawWindows();
  const opened = main.querySelector<HTMLDetailsElement>("details:not(.hide)")?.open ?? false;
  keepFocus(() => main.replaceChildren(...gone, ...screens[view.state](problem)));
  const details = main.querySelector<HTMLDetailsElement>("details:not(.hide)");
  if (details) details.open = opened;
}

function who(): { name: string } {
  return { name: view.name ?? "" };
}

const screens: Record<View["state"], (problem: HTMLElement[]) => HTMLElement[]> = {
  connecting: () => [element("div", { class: "spin" }), element("h1", {}, say("connecting")), element("p", { class: "faint" }, say("nobodySees"))],

  proxy: (problem) => askProxy(problem),

  fail: () => [element("h1", {}, say("notConnected")), element("p", {}, say(view.reason ?? "gateway")), element("p", { class: "faint" }, say("closePage"))],

  code: (problem) => [
    element("h1", {}, say("typeCode")),
    element("p", { class: "faint" }, say("nobodySees")),
    digits(6, say("typeCode"), (typed) => void answer("code", typed)),
    ...problem,
    element("details", {}, element("summary", {}, say("mayAllow")), choice()),
    ...hideWindows(),
  ],

  waiting: () => [element("div", { class: "spin" }), element("h1", {}, say("waiting")), element("p", { class: "faint" }, say("nobodySees"))],

  verify: (problem) => {
    const parts: HTMLElement[] = [element("h1", {}, say("wantsToHelp", who())), ...connection(), card()];
    if (!view.verified) {
      parts.push(element("p", { class: "question" }, element("strong", {}, say("notVerified")), " ", say("didYouCall")));
    }
    if (view.fit) parts.push(element("p", { class: "fit" }, say("digitsFit", who())), ...allows());
    else parts.push(element("p", { class: "small" }, say("readDigits", who())), digits(4, say("readDigits", who()), (typed) => void answer("digits", typed)));
    return [...parts, ...problem, decision(), ...hideWindows()];
  },

  live: (problem) => {
    const sees = view.allowed?.includes("view") && !view.broken;
    const clock = element("span", { class: "clock", id: "clock", "aria-hidden": "true" });
    const stop = element("button", { class: "stop", id: "stop" }, say("stop"));
    stop.addEventListener("click", () => void answer("stop", true));
    const change = (p: Permission, on: boolean) => void answer("change", { permission: p, on });
    return [
      element("div", { class: "live" }, element("span", { class: sees ? "dot" : "dot off" }), element("strong", { class: "name" }, say(sees ? "seesScreen" : "seesNothing", who())), clock),
      ...connection(),
      element("p", { class: "faint" }, view.broken ? "" : say(`now-${view.mode}`, who()), " ", say("youDecide")),
      ...problem,
      ...(view.power ? [power(view.power)] : []),
      ...newWindow(),
      chips(view.wanted ?? [], new Set(view.allowed), change),
      ...steps(),
      element("div", { class: "buttons" }, stop),
      ...hideWindows(),
      ...how(),
    ];
  },

  end: () => {
    const parts: HTMLElement[] = [element("h1", {}, say("ended")), element("p", {}, say(view.reason ?? "by-network")), element("p", { class: "faint" }, say("nobodySeesNow"), " ", say("closePage"))];
    if (view.receipt) {
      const list = element("dl", {});
      for (const [name, value] of receiptLines(view, view.receipt)) list.append(element("dt", {}, name), element("dd", {}, value));
      const save = element("button", { id: "receipt" }, say("saveReceipt"));
      save.addEventListener("click", () => saveReceipt(view));
      parts.push(list, element("div", { class: "buttons" }, save));
    }
    return parts;
  },
};

// card says who asks, for whom and what for.
function card(): HTMLElement {
  const lines = [element("p", { class: "name" }, view.organisation || view.name || "")];
  if (!view.fit || !several()) lines.push(element("p", {}, say(`wants-${view.mode}`, who())));
  if (view.verified) lines.push(element("p", { class: "small" }, "✓ " + say("verified")));
  if (view.purpose) lines.push(element("p", { class: "small faint" }, say("purpose", { purpose: view.purpose })));
  return element("div", { class: "card" }, ...lines);
}

// choice is what may be asked for: what the end user takes from it is not allowed.
function choice(): HTMLElement {
  const all = view.wanted ?? [];
  return chips(all, new Set(all.filter((p) => !refused.has(p))), (p, on) => void (on ? refused.delete(p) : refused.add(p)));
}

// power asks whether this computer may be shut down or restarted.
function power(what: "restart" | "shutdown"): HTMLElement {
  const yes = element("button", { id: "power-yes" }, say("allow"));
  yes.addEventListener("click", () => void answer("power", true));
  const no = element("button", { id: "power-no" }, say("no"));
  no.addEventListener("click", () => void answer("power", false));
  return element("div", { class: "card", role: "alertdialog" }, element("p", {}, say(what, who()), " ", say("unsaved")), element("div", { class: "buttons" }, no, yes));
}

// allows is what Allow gives; the end user may take from it.
function allows(): HTMLElement[] {
  const list = () => {
    const all = offers();
    const set = chips(all, new Set(all.filter((p) => !refused.has(p))), (p, on) => void (on ? refused.delete(p) : refused.add(p)));
    set.prepend(element("legend", {}, say("mayDo", who())));
    return set;
  };
  let may = list();
  const modes = element("fieldset", { class: "modes" }, element("legend", {}, say("may", who())));
  for (const { mode } of view.modes ?? []) {
    const input = element("input", { type: "radio", name: "mode", id: `mode-${mode}` });
    input.checked = mode === modeNow();
    input.addEventListener("change", () => {
      chosen = mode;
      const was = may;
      was.replaceWith((may = list()));
    });
    modes.append(element("label", { class: "chip" }, input, element("span", {}, say(`may-${mode}`))));
  }
  return several() ? [modes, may] : [may];
}

// several tells whether there are modes to choose from.
function several(): boolean {
  return (view.modes?.length ?? 0) > 1;
}

// modeNow is the mode that Allow gives.
function modeNow(): Mode | undefined {
  return view.modes?.some(({ mode }) => mode === chosen) ? chosen : view.mode;
}

// offers are the permissions that there are in that mode.
function offers(): Permission[] {
  return view.modes?.find(({ mode }) => mode === modeNow())?.offers ?? [];
}

// steps lead to lower modes.
function steps(): HTMLElement[] {
  if (!view.modes?.length) return [];
  const buttons = view.modes.map(({ mode }) => {
    const button = element("button", { id: `step-${mode}` }, say(`step-${mode}`));
    button.addEventListener("click", () => void answer("step", mode));
    return button;
  });
  return [
    element("details", {}, element("summary", { id: "step" }, say("step", who())), element("p", { class: "small faint" }, say("noWayBack")), element("div", { class: "buttons" }, ...buttons)),
  ];
}

function decision(): HTMLElement {
  const no = element("button", { id: "no" }, say("no"));
  no.addEventListener("click", () => void answer("allow", { mode: view.mode, permissions: [] }));
  const allow = element("button", { id: "allow", class: "primary" }, say("allow"));
  allow.addEventListener("click", () => void answer("allow", { mode: modeNow(), permissions: offers().filter((p) => !refused.has(p)), showNew: !asksBeforeNew() }));
  const left = Math.ceil((unlock - performance.now()) / 1000);
  allow.disabled = !view.fit || left > 0;
  if (left > 0) {
    allow.textContent = say("allowIn", { seconds: left });
  } else if (view.fit && view.verified) {
    queueMicrotask(() => allow.focus());
  }
  return element("div", { class: "buttons decision" }, no, allow);
}

function chips(all: Permission[], on: Set<Permission>, change: (p: Permission, on: boolean) => void): HTMLElement {
  const set = element("fieldset", {});
  for (const p of all) {
    const box = element("input", { type: "checkbox", role: "switch", name: p }) as HTMLInputElement;
    box.checked = on.has(p);
    box.addEventListener("change", () => change(p, box.checked));
    set.append(element("label", { class: "chip" }, box, element("span", {}, say(p))));
  }
  return set;
}

function tick(): void {
  if (view.state === "live" && view.since) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(view.since)) / 1000));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const clock = document.getElementById("clock");
    if (clock) clock.textContent = text;
  }
  const allow = document.getElementById("allow") as HTMLButtonElement | null;
  if (view.state === "verify" && allow?.disabled) {
    allow.replaceWith((decision().querySelector("#allow") as HTMLElement));
  }
}

function chooseLanguage(): void {
  const select = document.getElementById("language") as HTMLSelectElement;
  for (const [code, name] of Object.entries(languages)) {
    select.append(element("option", { value: code }, name));
  }
  select.value = spoken();
  const label = document.getElementById("language-label") as HTMLElement;
  const use = (language: Language) => {
    speak(language);
    label.textContent = say("language");
    draw();
  };
  select.addEventListener("change", () => use(select.value as Language));
  use(spoken());
}

chooseLanguage();
follow(
  (next) => {
    lost = false;
    if (next.state === "verify" && next.pause !== undefined) unlock = performance.now() + next.pause;
    stands(next, draw);
    view = next;
    draw();
    tick();
  },
  (windows) => {
    const before = newWindow().length + hideWindows().length;
    setWindows(windows);
    if (newWindow().length + hideWindows().length === before) drawWindows(); // what is typed elsewhere stays
    else draw();
  },
  () => {
    lost = true;
    draw();
  },
);
setInterval(tick, 500);
