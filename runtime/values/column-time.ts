/**
 * Dates and times between DuckDB's integers and the texts of `Tagged`: proleptic Gregorian, years to 294,276 and BC, infinities.
 */
import { TelarError } from '../../contracts/errors.ts';

/** DuckDB's infinities: the greatest integer and its negative. */
const DATE_INFINITY = 2_147_483_647;
const TIMESTAMP_INFINITY = 9_223_372_036_854_775_807n;

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** Text of a day since 1970-01-01. */
export function dateText(days: number): string {
  if (Math.abs(days) === DATE_INFINITY) return days > 0 ? 'infinity' : '-infinity';
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const inEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((inEra - Math.floor(inEra / 1460) + Math.floor(inEra / 36_524) - Math.floor(inEra / 146_096)) / 365);
  const dayOfYear = inEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const text = `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(month)}-${two(dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1)}`;
  return year > 0 ? text : `${text} (BC)`;
}

/** Day since 1970-01-01 of a text. @throws TelarError `value-type` */
export function parseDate(text: string): number {
  if (text === 'infinity' || text === '-infinity') return text === 'infinity' ? DATE_INFINITY : -DATE_INFINITY;
  const match = /^([+-]?\d{4,7})-(\d\d)-(\d\d)( \(BC\))?$/.exec(text);
  if (match === null) throw new TelarError('value-type', `“${text}” is not a date; write it as 2020-01-31.`, { type: 'DATE' });
  const month = Number(match[2]);
  const year = (match[4] === undefined ? Number(match[1]) : 1 - Number(match[1])) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(match[3]) - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** Text of a time of day in so many parts a second (10 to the `digits`). */
export function timeText(ticks: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits);
  const seconds = Number(ticks / unit);
  const part = ticks % unit;
  const fraction = part === 0n ? '' : `.${String(part).padStart(digits, '0').replace(/0+$/, '')}`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
}

/** Ticks of a time of day. Digits beyond the unit must be zero. @throws TelarError `value-type` */
export function parseTime(text: string, digits: number): bigint {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  const fraction = match?.[4] ?? '';
  if (match === null || /[1-9]/.test(fraction.slice(digits))) {
    throw new TelarError('value-type', `“${text}” is not a time of day with at most ${digits} digits of a second.`, { type: 'TIME' });
  }
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  return BigInt(seconds) * 10n ** BigInt(digits) + BigInt(fraction.slice(0, digits).padEnd(digits, '0') || '0');
}

/** Text of ticks since the epoch; `zone` is added (`Z`). */
export function timestampText(ticks: bigint, digits: number, zone = ''): string {
  if (ticks === TIMESTAMP_INFINITY || ticks === -TIMESTAMP_INFINITY) return ticks > 0n ? 'infinity' : '-infinity';
  const perDay = 86_400n * 10n ** BigInt(digits);
  let days = ticks / perDay;
  let rest = ticks % perDay;
  if (rest < 0n) { days -= 1n; rest += perDay; }
  const date = dateText(Number(days));
  const text = `${date.replace(' (BC)', '')}T${timeText(rest, digits)}${zone}`;
  return date.endsWith('(BC)') ? `${text} (BC)` : text;
}

/** Ticks since the epoch of a date, timestamp, or timestamp with an offset (which is taken away). @throws TelarError `value-type` */
export function parseTimestamp(text: string, digits: number): bigint {
  if (text === 'infinity' || text === '-infinity') return text === 'infinity' ? TIMESTAMP_INFINITY : -TIMESTAMP_INFINITY;
  const match = /^([+-]?\d{4,7}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-][\d:]+)?)?( \(BC\))?$/.exec(text);
  if (match === null) throw new TelarError('value-type', `“${text}” is not a timestamp; write it as 2020-01-31T12:00:00.`, { type: 'TIMESTAMP' });
  const unit = 10n ** BigInt(digits);
  return BigInt(parseDate(`${match[1]}${match[4] ?? ''}`)) * 86_400n * unit + parseTime(match[2] ?? '00:00:00', digits) - BigInt(parseOffset(match[3] ?? 'Z')) * unit;
}

/** Seconds east of an offset: `Z`, `+02`, `+05:30`, `-08:00:01`. */
function parseOffset(text: string): number {
  const match = /^([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?$/.exec(text);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0));
}

/** DuckDB's TIME WITH TIME ZONE: 40 bits of microseconds, 24 of the offset, turned round. */
export function timeTzText(bits: bigint): string {
  const offset = 57_599 - Number(bits & 0xff_ffffn);
  const away = Math.abs(offset);
  const seconds = away % 60 === 0 ? '' : `:${two(away % 60)}`;
  return `${timeText(bits >> 24n, 6)}${offset < 0 ? '-' : '+'}${two(Math.floor(away / 3600))}:${two(Math.floor(away / 60) % 60)}${seconds}`;
}

/** See `timeTzText`. @throws TelarError `value-type` */
export function parseTimeTz(text: string): bigint {
  const [, time = '', offset = 'Z'] = /^([\d:.]+)(.*)$/.exec(text) ?? [];
  return (parseTime(time, 6) << 24n) | BigInt(57_599 - parseOffset(offset));
}
