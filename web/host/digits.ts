// A field for a number of digits, drawn as boxes. It is one input, so that screen readers, pasting and number pads work as in
// any other; whatever is not a digit is left out.

export function digits(count: number, label: string, done: (typed: string) => void): HTMLElement {
  const field = document.createElement("div");
  field.className = "digits";
  const input = document.createElement("input");
  input.inputMode = "numeric";
  input.autocomplete = "one-time-code";
  input.spellcheck = false;
  input.setAttribute("aria-label", label);
  const boxes = Array.from({ length: count }, () => document.createElement("span"));
  boxes.forEach((b) => (b.ariaHidden = "true"));
  const draw = () => {
    boxes.forEach((box, i) => {
      box.textContent = input.value[i] ?? "";
      box.classList.toggle("next", document.activeElement === input && i === Math.min(input.value.length, count - 1));
    });
  };
  let sent = "";
  input.addEventListener("input", () => {
    input.value = input.value.replace(/\D/g, "").slice(0, count);
    input.setSelectionRange(input.value.length, input.value.length);
    draw();
    if (input.value.length < count) sent = "";
    else if (input.value !== sent) done((sent = input.value));
  });
  input.addEventListener("focus", draw);
  input.addEventListener("blur", draw);
  field.append(...boxes, input);
  draw();
  queueMicrotask(() => input.focus());
  return field;
}
