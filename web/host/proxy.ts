// The name and the password that the network's proxy wants. What is typed goes to the program, in a request's body, and nowhere else.
import { element } from "./element";
import { answer } from "./state";
import { say } from "./words";

export function askProxy(problem: HTMLElement[]): HTMLElement[] {
  const name = field("proxy-name", "text", say("proxyName"));
  const password = field("proxy-password", "password", say("proxyPassword"));
  const cancel = element("button", { id: "proxy-cancel", type: "button" }, say("cancel"));
  cancel.addEventListener("click", () => void answer("proxy", { cancel: true }));
  const form = element("form", {}, name.row, password.row, element("div", { class: "buttons" }, cancel, element("button", { id: "proxy-go", class: "primary" }, say("goOn"))));
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    void answer("proxy", { name: name.input.value, password: password.input.value });
    password.input.value = "";
  });
  queueMicrotask(() => name.input.focus());
  return [element("h1", {}, say("proxyTitle")), element("p", { class: "faint" }, say("proxyWhy")), ...problem, form];
}

function field(id: string, type: string, label: string) {
  const input = element("input", { id, type, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  return { input, row: element("label", { class: "field", for: id }, element("span", {}, label), input) };
}
