/** Every bound of the API, with its reason. */

/** A page when the client names no size: enough for one screen. */
export const defaultPageSize = 50;
/** The largest page: keeps one answer under a megabyte and one statement under a few milliseconds. */
export const maxPageSize = 100;
/** Ids in one `nodes` call: one page's worth. */
export const maxNodeIds = 100;
/** Entities that a gateway refers to at once: what hangs on a page of pages, and one statement of one kind. */
export const maxReferences = 1_000;
/** Items in one batch mutation: one transaction of about 20 ms, short enough not to hold locks that others wait for. */
export const maxBatchItems = 1_000;
/** Items in one transaction of an import: repeated customers are written once, and their locks are not held long. */
export const importBatchItems = 2_000;
/** The most that an import may be asked to take at once: it holds its customers' locks for half a second. */
export const maxImportBatchItems = 5_000;
/** Members of one list in an item of an import: beyond it the file is broken. */
export const maxListItems = 10_000;
/** Values in one `in` filter. */
export const maxFilterValues = 500;
/** Characters of one text in a filter. PostgreSQL works on it for every row that it compares: more is nothing one looks for. */
export const maxFilterText = 2_000;
/** Conditions and groups in one filter, nested ones counted: keeps the statement small. */
export const maxFilterConditions = 100;
/** Sort keys in one list: more is never asked for, and each doubles the keyset condition. */
export const maxSortKeys = 3;
/** Body of one HTTP request: a batch of 1,000 purchases with a dozen items each is about 2 MB. */
export const maxBodyBytes = 8 * 1024 * 1024;
/** Nesting of the JSON of a request: the deepest filter or batch of ours has 12 levels. */
export const maxJsonDepth = 64;
/** Nesting of free attributes or traits. */
export const maxAttributesDepth = 32;
/** Text of one document, before parsing. */
export const maxDocumentBytes = 100 * 1024;
/** Tokens of one document: the largest of our own has about 300. */
export const maxDocumentTokens = 2_000;
/** Nesting of one document; introspection by GraphiQL needs 13. */
export const maxDepth = 15;
/** Aliases in one document. */
export const maxAliases = 30;
/** Characters of an alias: generated ones have some dozens. It is written once for each object of an answer. */
export const maxAliasLength = 100;
/** Directives in one document. */
export const maxDirectives = 30;
/** Times that one selection may name one field: merged documents repeat a few, only attacks repeat many. */
export const maxFieldRepeats = 20;
/** Objects in one answer: a hundred customers with everything the reference read asks for, and half as many again. */
export const maxCost = 50_000;
/** Points that a key may save up: four of the largest answers at once. */
export const defaultBudgetPoints = 200_000;
/** Points that a key gets back each second: two hundred pages, or the largest answer every two or three seconds. */
export const defaultRestoredPerSecond = 20_000;
/** Fields of one operation's root, those of its fragments included: a screen of ours asks for three. */
export const maxRootFields = 20;
/** Errors that validation collects before it gives up. */
export const maxValidationErrors = 5;
/** One message on a socket: a document with its variables. */
export const maxSocketMessageBytes = 256 * 1024;
/** Characters of the variables of one subscription, as JSON: they are kept as long as it lives. A filter of 500 ids has 20,000. */
export const maxLiveVariablesLength = 32 * 1024;
/** Characters of an operation's id on a socket, which stands before each of its events: clients count, or send a UUID. */
export const maxOperationIdLength = 1_000;
/** Operations at once on one socket: a busy console has about ten. */
export const maxSocketOperations = 50;
/** Live connections of one key on one node: a browser each for a whole company; beyond that a client has gone wild. */
export const defaultMaxConnectionsPerKey = 10_000;
/** Free text of one field that a source sends: longer texts belong into a document store. */
export const maxTextLength = 20_000;
/** Short texts: names, codes, references. */
export const maxNameLength = 500;
/** Free attributes or traits of one record, as JSON text. */
export const maxAttributesBytes = 16 * 1024;
/** Errors that name the personal fields kept back from one answer: a page of a hundred with five of them. The last counts the rest. */
export const maxWithheldErrors = 500;
