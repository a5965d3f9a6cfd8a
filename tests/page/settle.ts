// What came of an action, as the harness is told. It must not know what the action was.
import type { Outcome } from '../wire';

export async function settle(action: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { ok: true, value: (await action()) ?? null };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): Outcome {
  if (!(error instanceof Error)) return { ok: false, message: String(error), stack: '' };
  const code = (error as Error & { code?: unknown }).code;
  const label = code === undefined ? error.name : `${error.name} ${String(code)}`;
  const message = `${label}: ${error.message}${because(error.cause)}`;
  return { ok: false, message, stack: error.stack ?? '' };
}

function because(cause: unknown): string {
  if (cause === undefined) return '';
  return cause instanceof Error
    ? `, because ${cause.message}${because(cause.cause)}`
    : `, because ${String(cause)}`;
}
