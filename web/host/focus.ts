// keepFocus draws something anew. Whoever uses the keyboard goes on where they were.
export function keepFocus(draw: () => void): void {
  const at = document.activeElement as HTMLInputElement;
  const { id, name } = at;
  draw();
  const same = at.isConnected ? at : id ? document.getElementById(id) : name ? document.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`) : null;
  if (same !== document.body) same?.focus({ preventScroll: true });
}
