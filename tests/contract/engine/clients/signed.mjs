// Asks an engine that wants signatures, with Amazon's SDK for JavaScript: `node signed.mjs`.
//
// Endpoint, credentials and region come from the environment. One line per call: the name of its error, or "ok".
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/build/clients/package.json`));
const { Personalize } = require("@aws-sdk/client-personalize");
const { PersonalizeEvents } = require("@aws-sdk/client-personalize-events");
const { PersonalizeRuntime } = require("@aws-sdk/client-personalize-runtime");

const campaignArn = "arn:aws:personalize:eu-west-1:111122223333:campaign/none";
const once = { maxAttempts: 1 };
const calls = [
  () => new Personalize(once).listSchemas({}),
  () => new Personalize(once).listSchemas({}),
  () => new PersonalizeRuntime(once).getRecommendations({ campaignArn, userId: "größe 1" }),
  () =>
    new PersonalizeEvents(once).putEvents({
      trackingId: "none",
      sessionId: "s",
      eventList: [{ eventType: "View", sentAt: new Date() }],
    }),
];
for (const call of calls) {
  console.log(await call().then(() => "ok", (error) => error.name));
}
