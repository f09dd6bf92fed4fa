/**
 * A text from elsewhere as a terminal may show it: lines stay lines, and nothing in it moves the cursor, changes colours or turns the
 * direction of what stands beside it. Only what is shown is changed; the value is what the model said.
 */
export const harmless = (text: string): string => text.replace(/\r\n/g, '\n').replace(/[^\P{Cc}\n\t]|[\u2028-\u202e\u2066-\u2069]/gu, '\uFFFD');
