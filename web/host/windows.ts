// Which windows of this computer the supporter does not see. The list stays while the rest of the page is drawn anew: it may be long,
// and somebody may be in the middle of it.
import { element } from "./element";
import { keepFocus } from "./focus";
import { answer, type Window, type Windows } from "./state";
import { say } from "./words";

let windows: Windows | null = null;
let asked = 0; // the window that the question is about
let readable = 0; // when that can have been read, in performance.now()'s milliseconds
const readFor = 500; // milliseconds: a click within that was meant for the question before

const question = element("div", { class: "card asks", role: "alertdialog", "aria-labelledby": "new-window" });
const list = element("div", { class: "windows" });
const summary = element("summary", {});
const ask = toggle("ask", (on) => answer("windows/ask", on));
const how = element("p", { class: "small faint" });
const folded = element("details", { class: "hide", "aria-live": "off" }, summary, ask.row, how, list);
const rows = new Map<number, Row>();
let opened = 0; // when the pictures were last asked for

folded.addEventListener("toggle", () => {
  opened = Date.now();
  rows.clear();
  drawWindows();
});

// newWindow asks about the window that opened first; nothing when there is none.
export function newWindow(): HTMLElement[] {
  return windows?.new.length ? [question] : [];
}

// hideWindows is the folded list; nothing where no window can be hidden.
export function hideWindows(): HTMLElement[] {
  return windows ? [folded] : [];
}

// asksBeforeNew tells whether windows that open in the session stay hidden until the end user answers.
export function asksBeforeNew(): boolean {
  return windows?.ask ?? true;
}

export function setWindows(now: Windows | null): void {
  windows = now;
}

export function drawWindows(): void {
  if (!windows) return;
  drawQuestion(windows.new);
  const hidden = windows.windows.filter((w) => w.hidden).length;
  summary.textContent = hidden ? say("hideWindowsCount", { count: hidden }) : say("hideWindows");
  ask.set(say("askNew"), windows.ask);
  how.textContent = say("switchedOff");
  if (!folded.open) return;
  keepFocus(() => list.replaceChildren(...drawList(windows as Windows)));
}

function drawQuestion(asks: Window[]): void {
  const first = asks[0];
  if (!first) return;
  const fresh = first.id !== asked;
  asked = first.id;
  const text = element("p", { id: "new-window" }, say("newWindow", { program: first.program }));
  const all = asks.map((w) => w.id);
  const answers = (which: string, ids: number[], hide: string, show: string) =>
    element("div", { class: "buttons" }, button(`hide-${which}`, hide, () => answer("windows/hide", ids)), button(`show-${which}`, show, () => answer("windows/show", ids)));
  const buttons = [answers("new", [first.id], say("hide"), say("show"))];
  if (all.length > 1) buttons.push(answers("all", all, say("hideAll", { count: all.length }), say("showAll", { count: all.length })));
  keepFocus(() => question.replaceChildren(text, ...buttons));
  if (fresh) readable = performance.now() + readFor;
  const wait = readable - performance.now();
  if (wait <= 0) return;
  for (const button of question.querySelectorAll("button")) button.disabled = true;
  setTimeout(() => drawQuestion(windows?.new ?? []), wait);
}

// drawList is a group for each program, with its windows in the order in which they opened.
function drawList(now: Windows): HTMLElement[] {
  const programs = new Map<string, Window[]>();
  for (const w of now.windows) programs.set(w.program, [...(programs.get(w.program) ?? []), w]);
  const seen = new Set<number>();
  const groups = [...programs].sort(([a], [b]) => a.localeCompare(b)).map(([program, its]) => {
    const all = toggle(`program ${program}`, (on) => answer("windows/program", { program, hide: !on }));
    all.set(say("showProgram", { program }), !now.programs.includes(program) && its.some((w) => !w.hidden));
    its.sort((a, b) => a.id - b.id);
    its.forEach((w) => seen.add(w.id));
    return element("section", {}, all.row, ...its.map((w, i) => row(w).draw(w, its.length > 1 ? i + 1 : 0)));
  });
  for (const id of rows.keys()) if (!seen.has(id)) rows.delete(id);
  return groups;
}

interface Row {
  draw(w: Window, number: number): HTMLElement;
}

function row(w: Window): Row {
  let r = rows.get(w.id);
  if (!r) rows.set(w.id, (r = newRow(w.id)));
  return r;
}

function newRow(id: number): Row {
  const picture = element("div", { class: "picture" });
  const shown = toggle(`window ${id}`, (on) => answer(on ? "windows/show" : "windows/hide", [id]));
  const only = button(`only ${id}`, "", () => answer("windows/only", id));
  only.className = "quiet";
  const line = element("div", { class: "window" }, picture, element("div", {}, shown.row, only));
  let seen: boolean | undefined;
  return {
    draw(w, number) {
      const name = number ? `${w.program} ${number}` : w.program;
      shown.set(w.hidden ? say("hidden", { name }) : w.title || name, !w.hidden);
      only.textContent = say("onlyThis");
      only.hidden = Boolean(w.hidden);
      if (seen !== !w.hidden) {
        seen = !w.hidden;
        picture.classList.toggle("hatch", !seen);
        picture.replaceChildren(...(seen ? [thumbnail(id)] : []));
      }
      return line;
    },
  };
}

// thumbnail is the window as it is now. Where nothing of it can be seen, its place stays empty.
function thumbnail(id: number): HTMLImageElement {
  const image = element("img", { src: `windows/${id}?${opened}`, alt: "", loading: "lazy" });
  image.addEventListener("error", () => image.remove());
  return image;
}

function button(id: string, text: string, does: () => Promise<boolean>): HTMLButtonElement {
  const b = element("button", { id, type: "button" }, text);
  b.addEventListener("click", () => void does());
  return b;
}

// toggle is a switch with its label.
function toggle(name: string, change: (on: boolean) => Promise<boolean>): { row: HTMLElement; set(label: string, on: boolean): void } {
  const box = element("input", { type: "checkbox", role: "switch", name });
  const label = element("span", {});
  let stands = false;
  box.addEventListener("change", () => {
    const wanted = box.checked;
    void change(wanted).then((done) => {
      if (!done) box.checked = stands;
    });
  });
  return {
    row: element("label", { class: "chip" }, box, label),
    set(text, on) {
      label.textContent = text;
      box.checked = stands = on;
    },
  };
}
