import { type Logger, pino } from "pino";

export type { Logger };

/** JSON lines on stderr. Never log variables, identities or texts of customers; ids and codes are enough. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: undefined, redact: ["*.authorization", "*.key", "*.password"] },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** Where a fault came from. Messages are left out: those of failed statements hold parameters, so personal data. */
export function faultOf(error: unknown): object {
  let cause = error;
  for (;;) {
    const below: unknown = (cause as { originalError?: unknown })?.originalError ?? (cause as Error)?.cause;
    if (!(below instanceof Error) || below === cause) break;
    cause = below;
  }
  if (!(cause instanceof Error)) return {};
  const { code } = cause as { code?: unknown };
  const frames = cause.stack?.split("\n").filter((line) => /^\s+at /.test(line));
  return { type: cause.name, ...(typeof code === "string" && { code }), stack: frames?.join("\n") };
}
