// All that people read, in every language: web/words, which the programs read too. English is the measure: a text that another
// language lacks does not compile.
import en from "../words/en.json";
import de from "../words/de.json";
import it from "../words/it.json";
import fr from "../words/fr.json";
import es from "../words/es.json";

export type Word = keyof typeof en;
type Catalogue = Record<Word, string>;

export const languages = { en: "English", de: "Deutsch", it: "Italiano", fr: "Français", es: "Español" } as const;
export type Language = keyof typeof languages;
const catalogues: Record<Language, Catalogue> = { en, de, it, fr, es };

// preferred is the first of the browser's languages that there is.
export function preferred(): Language {
  for (const tag of navigator.languages) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short in languages) return short as Language;
  }
  return "en";
}

let current: Language = preferred();

export function speak(language: Language): void {
  current = language;
  document.documentElement.lang = language;
}

export function spoken(): Language {
  return current;
}

// say is the text of a word, with its {places} filled in. A word that this page does not know yet is "other".
export function say(word: string, places: Record<string, string | number> = {}): string {
  const text = catalogues[current][word as Word] ?? catalogues[current].other;
  return text.replace(/\{(\w+)\}/g, (_, place: string) => String(places[place] ?? ""));
}
