/** One query over HTTP. Throws what the server answered instead of data. */
export async function ask<T>(url: string, key: string, query: string, variables: object = {}): Promise<T> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: T; errors?: { message: string }[] };
  if (errors?.length || !data) throw new Error(errors?.[0]?.message ?? `HTTP ${response.status}`);
  return data;
}

/** The first node that answers. */
export async function askAny<T>(
  urls: readonly string[],
  key: string,
  query: string,
  variables: object = {},
): Promise<T> {
  let failure: unknown;
  for (const url of urls) {
    try {
      return await ask<T>(url, key, query, variables);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
