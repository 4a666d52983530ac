import type { Permission, Receipt, View } from "./state";
import { say, spoken } from "./words";

// receiptLines are what a receipt says, in the page's language.
export function receiptLines(view: View, r: Receipt): [string, string][] {
  const here = navigator.languages.find((l) => l.startsWith(spoken())) ?? spoken(); // en-GB writes dates another way than en-US
  const time = (at: string) => new Date(at).toLocaleString(here, { dateStyle: "medium", timeStyle: "medium" });
  const short = (at: string) => new Date(at).toLocaleTimeString(here);
  const list = (allowed: Permission[]) => allowed.map((p) => say(p)).join(", ") || say("nothing");
  return [
    [say("who"), view.name ?? ""],
    ...(view.organisation ? [[say("organisation"), view.organisation] as [string, string]] : []),
    [say("verifiedBy"), say(view.verified ? "byOrganisation" : "byDigits")],
    [say("from"), time(r.from)],
    [say("to"), time(r.to)],
    ...r.granted.map(({ at, mode, allowed }): [string, string] => [say("allowedWas"), `${short(at)} ${say(`is-${mode}`)}: ${list(allowed)}`]),
  ];
}

// saveReceipt hands the receipt to the browser as a text file.
export function saveReceipt(view: View): void {
  if (!view.receipt) return;
  const lines = receiptLines(view, view.receipt).map(([name, value]) => `${name}: ${value}`);
  const text = [say("receipt"), "", ...lines, "", say(view.reason ?? "by-network"), ""].join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = `sixgate-${view.receipt.from.slice(0, 10)}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
