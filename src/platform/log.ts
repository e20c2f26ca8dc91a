import { type Logger, pino } from "pino";

export type { Logger };

/** JSON lines on stderr. Never log variables, identities or texts of customers; ids and codes are enough. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: undefined, redact: ["*.authorization", "*.key", "*.password"] },
    pino.destination({ dest: 2, sync: true }),
  );
}
