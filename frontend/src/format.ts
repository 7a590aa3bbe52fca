/** Numbers as people read them; unknown stays unknown. */
const UNITS: [number, string][] = [[1e9, " bn"], [1e6, " M"], [1e3, " k"]];

/** Three digits and a word for the size: 1.23 M. */
export function compact(value: number | null | undefined, sign = false): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "unknown";
  const size = Math.abs(value);
  const [scale, word] = UNITS.find(([u]) => size >= u * 0.9995) ?? [1, ""];
  const shown = size / scale;
  const digits = shown === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(shown, 1e-3)) + 1e-9));
  const text = shown.toFixed(Math.min(digits, 3)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  const zero = Number(text) === 0;
  return `${value < 0 && !zero ? "−" : sign && !zero ? "+" : ""}${text}${word}`;
}

export const tonnes = (t: number | null | undefined, sign = false): string => `${compact(t, sign)}${t === null || t === undefined ? "" : " t/yr"}`;
export const dollars = (v: number | null | undefined, sign = false): string => `${compact(v, sign)}${v === null || v === undefined ? "" : " USD/yr"}`;
export const days = (hours: number): string => (hours / 24).toFixed(1);
export const num = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
export const text = (value: unknown): string => (value === null || value === undefined ? "" : String(value));

const MARKS = /[\u0300-\u036f]/g;
/** Letters as one types them: no case, no marks, no apostrophes. */
export const fold = (words: string): string =>
  words.normalize("NFD").replace(MARKS, "").toLowerCase().replace(/[ıİ]/g, "i").replace(/ə/g, "e").replace(/['’ʻ`]/g, "");
