/** The parts of an OpenAPI document that the page shows. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  oneOf?: Schema[];
  anyOf?: Schema[];
  additionalProperties?: boolean | Schema;
}

export interface Content {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown; summary?: string }>;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Operation {
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { description?: string; content?: Record<string, Content> };
  responses: Record<string, { description?: string; content?: Record<string, Content> }>;
}

export interface Document {
  info: { title: string; version: string; summary?: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes?: Record<string, { description?: string }> };
}

export interface Route {
  method: string;
  path: string;
  operation: Operation;
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Returns the routes of a tag, in the order of the document. */
export const routesOf = (document: Document, tag: string): Route[] =>
  Object.entries(document.paths).flatMap(([path, operations]) =>
    METHODS.flatMap((method) => {
      const operation = operations[method];
      return operation?.tags?.includes(tag) ? [{ method: method.toUpperCase(), path, operation }] : [];
    }),
  );

const NAME = /^#\/components\/schemas\/(.+)$/;

/** Returns the name of the schema that a reference leads to. */
export const nameOf = (schema: Schema | undefined): string | undefined => NAME.exec(schema?.$ref ?? "")?.[1];

const limitsOf = (schema: Schema): string[] => {
  const between = (least: number | undefined, most: number | undefined, unit: string): string[] => {
    if (least === undefined && most === undefined) return [];
    if (most === undefined) return [`at least ${least}${unit}`];
    return [least === undefined ? `at most ${most}${unit}` : `${least} to ${most}${unit}`];
  };
  return [
    ...between(schema.minimum, schema.maximum, ""),
    ...between(schema.minLength, schema.maxLength, " characters"),
    ...between(schema.minItems, schema.maxItems, " entries"),
    ...(schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`]),
  ];
};

/** Returns the type of a value in words, such as `integer, 1 to 100`. */
export const typeOf = (schema: Schema | undefined): string => {
  if (!schema) return "any";
  const reference = nameOf(schema);
  if (reference) return reference;
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.map(typeOf).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const values = schema.enum?.map((value) => JSON.stringify(value)).join(", ");
  const type = [schema.type ?? "any"].flat().join(" or ");
  const named = schema.items ? `array of ${typeOf(schema.items)}` : (schema.format ?? type);
  return [values ?? named, ...limitsOf(schema)].join(", ");
};

/** Returns the first example of a content, as text. */
export const exampleOf = (content: Content | undefined): string | undefined => {
  const value = content?.example ?? Object.values(content?.examples ?? {})[0]?.value;
  return value === undefined ? undefined : JSON.stringify(value, null, 2);
};
