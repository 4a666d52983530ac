// All that people read, in every language: web/words, which the programs read too, and serve. English is the measure: a text that
// another language lacks does not compile.
import type en from "../words/en.json";
import type de from "../words/de.json";
import type it from "../words/it.json";
import type fr from "../words/fr.json";
import type es from "../words/es.json";

export type Word = keyof typeof en;
type Catalogue = Record<Word, string>;

export const languages = { en: "English", de: "Deutsch", it: "Italiano", fr: "Français", es: "Español" } as const;
export type Language = keyof typeof languages;
type Whole<All extends Record<Language, Catalogue>> = All;
type Catalogues = Whole<{ en: typeof en; de: typeof de; it: typeof it; fr: typeof fr; es: typeof es }>;

// All of them are there before anything is shown: the page lives longer than the program.
const catalogues = Object.fromEntries(
  await Promise.all(Object.keys(languages).map(async (language) => [language, await (await fetch(`words/${language}.json`)).json()])),
) as Catalogues;

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
  const catalogue: Catalogue = catalogues[current];
  return (catalogue[word as Word] ?? catalogue.other).replace(/\{(\w+)\}/g, (_, place: string) => String(places[place] ?? ""));
}
