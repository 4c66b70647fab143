/** How times and names are written. */

const DAY = 86_400_000;
const clockFormat = new Intl.DateTimeFormat([], { timeStyle: "short" });
const weekdayFormat = new Intl.DateTimeFormat("en", { weekday: "long" });
const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const longFormat = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const longYearFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const relativeFormat = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "14:05" */
export function clock(moment) {
  return clockFormat.format(new Date(moment));
}

/** What the list of chats shows: the time today, then a word, then a date. */
export function shortTime(moment, now = new Date()) {
  const days = daysBetween(new Date(moment), now);
  if (days <= 0) return clock(moment);
  if (days === 1) return "Yesterday";
  return days < 7 ? weekdayFormat.format(new Date(moment)) : dateFormat.format(new Date(moment));
}

/** What stands between the messages of two days. */
export function dayName(moment, now = new Date()) {
  const date = new Date(moment);
  const days = daysBetween(date, now);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return (date.getFullYear() === now.getFullYear() ? longFormat : longYearFormat).format(date);
}

/** Two moments of one calendar day have the same key. */
export function dayKey(moment) {
  return startOfDay(new Date(moment));
}

/** "5 minutes ago" */
export function ago(moment, now = Date.now()) {
  const minutes = Math.round((now - new Date(moment)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return relativeFormat.format(-minutes, "minute");
  if (minutes < 24 * 60) return relativeFormat.format(-Math.round(minutes / 60), "hour");
  return relativeFormat.format(-Math.round(minutes / (24 * 60)), "day");
}

/** The name to show of a person. */
export function nameOf(user) {
  return user?.display_name || user?.username || "Deleted account";
}

/** One or two letters that stand for a name. */
export function initials(name) {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? "?"];
  return letters.map((word) => [...word][0]).join("").toLocaleUpperCase();
}

/** A badge: exact up to 99. */
export function countText(count) {
  return count > 99 ? "99+" : String(count);
}

function daysBetween(earlier, later) {
  return Math.round((startOfDay(later) - startOfDay(earlier)) / DAY);
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
