/** The page about the API: every route of the OpenAPI document, which stands beside the page. */

import { render } from "preact";
import { applyTheme } from "../shop/parts/theme.js";
import { exampleOf, nameOf, routesOf, typeOf, type Content, type Document, type Operation, type Route, type Schema } from "./document.js";
import "./reference.css";

const DOCUMENT = "openapi.json";

const TypeOf = ({ schema }: { schema: Schema | undefined }) => {
  const name = nameOf(schema) ?? nameOf(schema?.items);
  const words = typeOf(schema);
  return name ? <a href={`#${name}`}>{words}</a> : <>{words}</>;
};

interface Field {
  name: string;
  place?: string;
  isRequired: boolean;
  schema: Schema | undefined;
  description: string | undefined;
}

const Fields = ({ caption, fields }: { caption: string; fields: Field[] }) => (
  <table>
    <caption>{caption}</caption>
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">Type</th>
        <th scope="col">Meaning</th>
      </tr>
    </thead>
    <tbody>
      {fields.map(({ name, place, isRequired, schema, description }) => (
        <tr key={`${place} ${name}`}>
          <th scope="row">
            <code>{name}</code>
            {(place || isRequired) && (
              <span class="muted small"> {[place, isRequired && "required"].filter(Boolean).join(", ")}</span>
            )}
          </th>
          <td>
            <TypeOf schema={schema} />
          </td>
          <td>{description}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

const Example = ({ label, text }: { label: string; text: string | undefined }) =>
  text === undefined ? null : (
    <pre tabIndex={0} role="region" aria-label={label}>
      {text}
    </pre>
  );

const BodyOf = ({ label, content }: { label: string; content: Record<string, Content> | undefined }) => {
  const [type, body] = Object.entries(content ?? {})[0] ?? [];
  if (!body) return null;
  return (
    <>
      <p class="muted small">
        {type} · <TypeOf schema={body.schema} />
      </p>
      <Example label={label} text={exampleOf(body)} />
    </>
  );
};

const Responses = ({ operation }: { operation: Operation }) => (
  <div class="responses">
    {Object.entries(operation.responses).map(([status, { description, content }]) => (
      <details key={status} open={status.startsWith("2")}>
        <summary>
          <code>{status}</code> {description}
        </summary>
        <BodyOf label={`${status} of ${operation.operationId}`} content={content} />
      </details>
    ))}
  </div>
);

const RouteOf = ({ method, path, operation }: Route) => (
  <article class="route" aria-labelledby={operation.operationId}>
    <h3 id={operation.operationId}>
      <code>
        <span class={`method ${method.toLowerCase()}`}>{method}</span> {path}
      </code>
    </h3>
    <p>
      <strong>{operation.summary}.</strong> {operation.description}
    </p>
    {operation.parameters && operation.parameters.length > 0 && (
      <Fields
        caption="Parameters"
        fields={operation.parameters.map(({ name, in: place, required = false, schema, description }) => ({
          name,
          place,
          isRequired: required,
          schema,
          description,
        }))}
      />
    )}
    {operation.requestBody && (
      <>
        <h4>Request</h4>
        <BodyOf label={`Request of ${operation.operationId}`} content={operation.requestBody.content} />
      </>
    )}
    <h4>Responses</h4>
    <Responses operation={operation} />
  </article>
);

const SchemaOf = ({ name, schema }: { name: string; schema: Schema }) => (
  <article class="route" aria-labelledby={name}>
    <h3 id={name}>{name}</h3>
    {schema.description && <p>{schema.description}</p>}
    {schema.properties ? (
      <Fields
        caption="Fields"
        fields={Object.entries(schema.properties).map(([field, type]) => ({
          name: field,
          isRequired: schema.required?.includes(field) ?? false,
          schema: type,
          description: type.description,
        }))}
      />
    ) : (
      <p class="muted">
        <TypeOf schema={schema} />
      </p>
    )}
  </article>
);

const Reference = ({ document }: { document: Document }) => {
  const groups = (document.tags ?? []).map((tag) => ({ ...tag, routes: routesOf(document, tag.name) }));
  const { info, components } = document;
  return (
    <>
      <header>
        <h1>{info.title} API</h1>
        <p>{info.description ?? info.summary}</p>
        <p class="links">
          <a class="button" href={DOCUMENT} download>
            Download the OpenAPI document
          </a>
          <a class="button" href="index.html">
            To the shop
          </a>
        </p>
      </header>
      <nav aria-label="Routes">
        {groups.map(({ name, routes }) => (
          <ul role="list" key={name}>
            {routes.map(({ method, path, operation }) => (
              <li key={operation.operationId}>
                <a href={`#${operation.operationId}`}>
                  <span class="method">{method}</span> {path}
                </a>
              </li>
            ))}
          </ul>
        ))}
      </nav>
      <main>
        {groups.map(({ name, description, routes }) => (
          <section key={name} aria-labelledby={`tag-${name}`}>
            <h2 id={`tag-${name}`}>For {name}</h2>
            <p class="muted">{description}</p>
            {routes.map((route) => (
              <RouteOf key={route.operation.operationId} {...route} />
            ))}
          </section>
        ))}
        <section aria-labelledby="keys">
          <h2 id="keys">Keys</h2>
          <ul role="list">
            {Object.entries(components.securitySchemes ?? {}).map(([name, { description }]) => (
              <li key={name}>
                <code>{name}</code> {description}
              </li>
            ))}
          </ul>
        </section>
        <section aria-labelledby="schemas">
          <h2 id="schemas">Schemas</h2>
          {Object.entries(components.schemas).map(([name, schema]) => (
            <SchemaOf key={name} name={name} schema={schema} />
          ))}
        </section>
      </main>
    </>
  );
};

const Missing = () => (
  <main>
    <h1>API</h1>
    <p class="notice bad" role="alert">
      The document of the API could not be loaded. <a href="reference.html">Try again</a>
    </p>
  </main>
);

const readDocument = async (): Promise<Document | undefined> => {
  try {
    const answer = await fetch(DOCUMENT);
    return answer.ok ? ((await answer.json()) as Document) : undefined;
  } catch {
    return undefined;
  }
};

applyTheme();
const found = await readDocument();
const root = document.getElementById("app")!;
root.replaceChildren();
render(found ? <Reference document={found} /> : <Missing />, root);
// The address may name a part that is there only now.
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
