/** Formats that are checked: those whose rule is short and exact. Each is linear in its text. */
const isDate = (text: string): boolean => {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
};
const isTime = (text: string): boolean => /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,12})?(?:z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i.test(text);
const isIpv4 = (text: string): boolean => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text) && !/(?:^|\.)0\d/.test(text);

/** By name; each tells whether a text is of it. */
export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  'date-time': (text) => { const [date = '', time = ''] = text.split(/[tT]/, 2); return text.length < 64 && isDate(date) && isTime(time); },
  email: (text) => text.length <= 254 && /^[^\s@"<>()[\]\\,;:]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text) && !text.includes('..'),
  uri: (text) => /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && !/[\s<>"{}|\\^`]/.test(text) && URL.canParse(text),
  uuid: (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text),
  ipv4: isIpv4,
};
