/** Headers of a question that belong to the connection, or would lead it to another place than the one that a person allowed (`host`: another site on the same server). No step sets them. */
const CONNECTION = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-.*)$/i;

/** Whether a header is the connection's own. */
export const isConnectionHeader = (name: string): boolean => CONNECTION.test(name);
