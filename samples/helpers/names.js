/** Two places as a route. */
export const arrow = (from, to) => `${from} → ${to}`;
