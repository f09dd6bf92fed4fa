/** A package's name in its one form (PEP 503): small letters, one dash. */
export const packageName = (text: string): string => text.trim().toLowerCase().replace(/[-_.]+/g, '-');
