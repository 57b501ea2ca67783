// Every operation of the three services, called with Amazon's SDK for JavaScript: `node every.mjs SCHEMAS DATA`.
//
// SCHEMAS is a folder with <dataset>.json, DATA an S3 folder with <dataset>.csv; those of the domain begin with
// Domain. Endpoint, credentials and region come from the environment. The operations that were done are printed, one
// a line. The packages lie in build/clients, which make installs from package-lock.json.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/build/clients/package.json`));
const { Personalize, paginateListSchemas } = require("@aws-sdk/client-personalize");
const { PersonalizeEvents } = require("@aws-sdk/client-personalize-events");
const { PersonalizeRuntime } = require("@aws-sdk/client-personalize-runtime");

const [schemas, data] = process.argv.slice(2);
const roleArn = "arn:aws:iam::123456789012:role/personalize";
const recipe = (name) => `arn:aws:personalize:::recipe/${name}`;
const done = new Set();
const note = (next, { commandName }) => async (call) => {
  const answer = await next(call);
  done.add(commandName.replace(/Command$/, ""));
  return answer;
};
const noted = (client) => (client.middlewareStack.add(note, { step: "initialize" }), client);
const personalize = noted(new Personalize());
const events = noted(new PersonalizeEvents());
const runtime = noted(new PersonalizeRuntime());

const member = (kind) => `${kind[0].toLowerCase()}${kind.slice(1)}Arn`;

async function described(kind, arn) {
  const answer = await personalize[`describe${kind}`]({ [member(kind)]: arn });
  const found = Object.values(answer).find((value) => value?.[member(kind)] === arn);
  if (!(found.creationDateTime instanceof Date)) throw new Error(`${kind} has no creationDateTime`);
  return found;
}

async function until(kind, arn, ...wanted) {
  for (;;) {
    const { status, failureReason } = await described(kind, arn);
    if (wanted.includes(status)) return arn;
    if (status.endsWith("FAILED")) throw new Error(`${kind} ${arn}: ${failureReason}`);
    await pause(50);
  }
}

async function create(kind, request) {
  const arn = (await personalize[`create${kind}`](request))[member(kind)];
  return kind === "Schema" ? (await described(kind, arn), arn) : until(kind, arn, "ACTIVE", "COMPLETED");
}

async function remove(kind, arn) {
  await personalize[`delete${kind}`]({ [member(kind)]: arn });
  for (;;) {
    try {
      await described(kind, arn);
    } catch (error) {
      if (error.name === "ResourceNotFoundException") return;
      throw error;
    }
    await pause(50);
  }
}

async function makeDataset(datasetGroupArn, name, datasetType, domain) {
  const prefix = domain ? "Domain" : "";
  const schema = readFileSync(`${schemas}/${prefix}${name}.json`, "utf8");
  const schemaArn = await create("Schema", { name: `every-${prefix}${name}`, schema, domain });
  const datasetArn = await create("Dataset", { name, datasetGroupArn, datasetType, schemaArn });
  const dataSource = { dataLocation: `${data}/${prefix}${name}.csv` };
  await create("DatasetImportJob", { jobName: `every-${prefix}${name}`, datasetArn, dataSource, roleArn });
  return { datasetArn, schemaArn };
}

async function train(datasetGroupArn, name, recipeName) {
  const request = { name, datasetGroupArn, recipeArn: recipe(recipeName), performAutoTraining: false };
  const solutionArn = await create("Solution", request);
  const solutionVersionArn = await create("SolutionVersion", { solutionArn });
  return { solutionArn, solutionVersionArn };
}

// --- data ---------------------------------------------------------------------------------------------------------

const datasetGroupArn = await create("DatasetGroup", { name: "every" });
const made = {};
for (const name of ["Interactions", "Items", "Users", "Actions"]) {
  made[name] = await makeDataset(datasetGroupArn, name, name);
}
made.Done = await makeDataset(datasetGroupArn, "ActionInteractions", "Action_Interactions");
const users = made.Users.datasetArn;
const newer = readFileSync(`${schemas}/Users2.json`, "utf8");
const schemaArn = await create("Schema", { name: "every-newer", schema: newer });
await personalize.updateDataset({ datasetArn: users, schemaArn });
await until("Dataset", users, "ACTIVE");
const eventTrackerArn = await create("EventTracker", { name: "every", datasetGroupArn });
const { trackingId } = await described("EventTracker", eventTrackerArn);
const { trackingId: actionTrackingId } = await described("Dataset", made.Done.datasetArn);

const sentAt = new Date("2025-10-20T00:00:00Z");
const who = { userId: "newcomer", sessionId: "visit" };
const view = { eventType: "View", itemId: "item-3-3", eventValue: 1.5, sentAt };
await events.putEvents({ trackingId, ...who, eventList: [view, { ...view, itemId: "item-3-4" }] });
const fresh = { itemId: "fresh", properties: '{"price": 2.5}' };
await events.putItems({ datasetArn: made.Items.datasetArn, items: [fresh] });
await events.putUsers({ datasetArn: users, users: [{ userId: "newcomer", properties: '{"ageGroup": "18-24"}' }] });
await events.putActions({ datasetArn: made.Actions.datasetArn, actions: [{ actionId: "fresh-action" }] });
const taken = { ...who, actionId: "join", eventType: "Taken", timestamp: sentAt };
await events.putActionInteractions({ trackingId: actionTrackingId, actionInteractions: [taken] });

// --- models and answers -------------------------------------------------------------------------------------------

const forYou = await train(datasetGroupArn, "for-you", "aws-user-personalization-v2");
const similar = await train(datasetGroupArn, "similar", "aws-similar-items");
const ranking = await train(datasetGroupArn, "ranking", "aws-personalized-ranking-v2");
const actions = await train(datasetGroupArn, "actions", "aws-next-best-action");
const segments = await train(datasetGroupArn, "segments", "aws-item-affinity");
const { solutionArn, solutionVersionArn } = forYou;
const { metrics } = await personalize.getSolutionMetrics({ solutionVersionArn });
if (!Object.values(metrics).every(Number.isFinite)) throw new Error("metrics must be numbers");
const stopped = (await personalize.createSolutionVersion({ solutionArn })).solutionVersionArn;
await personalize.stopSolutionVersionCreation({ solutionVersionArn: stopped });
await until("SolutionVersion", stopped, "CREATE STOPPED");
await personalize.updateSolution({ solutionArn, performAutoTraining: false });

const campaign = ({ solutionVersionArn }, name) => create("Campaign", { name, solutionVersionArn });
const campaignArn = await campaign(forYou, "for-you");
const similarArn = await campaign(similar, "similar");
const rankingArn = await campaign(ranking, "ranking");
const actionsArn = await campaign(actions, "actions");
await personalize.updateCampaign({ campaignArn, minProvisionedTPS: 2 });
const filterExpression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("View")';
const shelfExpression = "INCLUDE ItemID WHERE Items.CATEGORY IN ($shelves)";
const filterArn = await create("Filter", { name: "every", datasetGroupArn, filterExpression });
const shelvesArn = await create("Filter", { name: "shelves", datasetGroupArn, filterExpression: shelfExpression });
const userId = "newcomer";
const areAll = (items, kind) => items.length > 0 && items.every(({ itemId }) => kind.test(itemId));
const metadataColumns = { ITEMS: ["EXPLANATION"] };
const recommended = await runtime.getRecommendations({ campaignArn, userId, filterArn, metadataColumns });
const [{ itemId, metadata }] = recommended.itemList;
if (itemId !== "item-3-5") throw new Error(`item-3-5 is to be recommended, not ${itemId}`);
const [{ name }] = JSON.parse(metadata.EXPLANATION);
if (!/^item:item-3-[34]$/.test(name)) throw new Error(`an item that was viewed explains item-3-5, not ${name}`);
const filterValues = { shelves: '"shelf 5","shelf 6"' };
const filtered = await runtime.getRecommendations({ campaignArn, userId, filterArn: shelvesArn, filterValues });
if (!areAll(filtered.itemList, /^(item-[56]-|new-5)/)) throw new Error("two shelves are to be answered");
const alike = await runtime.getRecommendations({ campaignArn: similarArn, itemId: "item-2-2", numResults: 3 });
if (!areAll(alike.itemList, /^item-2-/)) throw new Error("similar items are to be on one shelf");
const inputList = ["unknown-1", "item-9-1", "item-3-5"];
const ranked = await runtime.getPersonalizedRanking({ campaignArn: rankingArn, userId, inputList });
const order = ranked.personalizedRanking.map((ranking) => ranking.itemId).join();
if (order !== "item-3-5,item-9-1,unknown-1") throw new Error(`ranked: ${order}`);
const asked = await runtime.getActionRecommendations({ campaignArn: actionsArn, userId });
if (!asked.actionList.length) throw new Error("actions are to be recommended");

// --- jobs ---------------------------------------------------------------------------------------------------------

const out = { s3DataDestination: { path: `${data}/out/` } };
const job = { jobName: "every", roleArn, jobOutput: out };
const from = (file) => ({ s3DataSource: { path: `${data}/${file}` } });
await create("BatchInferenceJob", { ...job, jobInput: from("users.json"), solutionVersionArn });
const { solutionVersionArn: segmenting } = segments;
await create("BatchSegmentJob", { ...job, jobInput: from("items.json"), solutionVersionArn: segmenting });
await create("DatasetExportJob", { ...job, datasetArn: made.Items.datasetArn });
const dataSource = { dataLocation: `${data}/gone.csv` };
await create("DataDeletionJob", { jobName: "every", datasetGroupArn, dataSource, roleArn });

const clicks = { eventType: "Click", metricName: "clicks", expression: "SAMPLECOUNT()" };
const attribution = { name: "every", datasetGroupArn, metrics: [clicks], metricsOutputConfig: { roleArn, ...out } };
const metricAttributionArn = await create("MetricAttribution", attribution);
const addMetrics = [{ eventType: "View", metricName: "views", expression: "SAMPLECOUNT()" }];
await personalize.updateMetricAttribution({ metricAttributionArn, addMetrics });
await until("MetricAttribution", metricAttributionArn, "ACTIVE");

// --- a domain -----------------------------------------------------------------------------------------------------

const domainGroupArn = await create("DatasetGroup", { name: "every-domain", domain: "ECOMMERCE" });
const sold = [];
for (const name of ["Interactions", "Items"]) sold.push(await makeDataset(domainGroupArn, name, name, "ECOMMERCE"));
const recipeArn = recipe("aws-ecomm-popular-items-by-views");
const recommenderArn = await create("Recommender", { name: "viewed", datasetGroupArn: domainGroupArn, recipeArn });
await personalize.updateRecommender({ recommenderArn, recommenderConfig: { minRecommendationRequestsPerSecond: 2 } });
while ((await described("Recommender", recommenderArn)).latestRecommenderUpdate.status !== "ACTIVE") await pause(50);
await personalize.stopRecommender({ recommenderArn });
await until("Recommender", recommenderArn, "INACTIVE");
await personalize.startRecommender({ recommenderArn });
await until("Recommender", recommenderArn, "ACTIVE");

// --- looking around -----------------------------------------------------------------------------------------------

const { recipes } = await personalize.listRecipes({});
const { algorithmArn, featureTransformationArn } = await described("Recipe", recipes[0].recipeArn);
await described("Algorithm", algorithmArn);
await described("FeatureTransformation", featureTransformationArn);
await personalize.tagResource({ resourceArn: datasetGroupArn, tags: [{ tagKey: "k", tagValue: "v" }] });
const { tags } = await personalize.listTagsForResource({ resourceArn: datasetGroupArn });
if (tags[0].tagValue !== "v") throw new Error("the tag is lost");
await personalize.untagResource({ resourceArn: datasetGroupArn, tagKeys: ["k"] });
const kinds = ["BatchInferenceJobs", "BatchSegmentJobs", "Campaigns", "DataDeletionJobs", "DatasetExportJobs"];
kinds.push("DatasetGroups", "DatasetImportJobs", "Datasets", "EventTrackers", "Filters", "MetricAttributions");
kinds.push("Recommenders", "Schemas", "SolutionVersions", "Solutions");
for (const kind of kinds) {
  const [first] = Object.values(await personalize[`list${kind}`]({})).find(Array.isArray);
  if (!(first.creationDateTime instanceof Date)) throw new Error(`list${kind} has no creationDateTime`);
}
await personalize.listMetricAttributionMetrics({ metricAttributionArn });
const listed = [];
for await (const page of paginateListSchemas({ client: personalize, pageSize: 1 }, {})) listed.push(...page.schemas);
if (listed.length !== 8) throw new Error(`there are 8 schemas, not ${listed.length}`);

// --- errors by their names ----------------------------------------------------------------------------------------

async function refused(call, expected) {
  const name = await call().then(() => "no error", (error) => error.name);
  if (name !== expected) throw new Error(`${name} in place of ${expected}`);
}
const unknown = { campaignArn: `${campaignArn}-x` };
const eleven = { trackingId, sessionId: "visit", eventList: Array(11).fill(view) };
await refused(() => personalize.createDatasetGroup({ name: "every" }), "ResourceAlreadyExistsException");
await refused(() => personalize.describeCampaign(unknown), "ResourceNotFoundException");
await refused(() => runtime.getRecommendations({ ...unknown, userId: "u" }), "ResourceNotFoundException");
await refused(() => events.putEvents(eleven), "InvalidInputException");
await refused(() => personalize.deleteDatasetGroup({ datasetGroupArn }), "ResourceInUseException");

// --- taking it down -----------------------------------------------------------------------------------------------

await remove("MetricAttribution", metricAttributionArn);
await remove("Recommender", recommenderArn);
for (const arn of [campaignArn, similarArn, rankingArn, actionsArn]) await remove("Campaign", arn);
await remove("Filter", filterArn);
await remove("Filter", shelvesArn);
await remove("EventTracker", eventTrackerArn);
for (const { solutionArn: arn } of [forYou, similar, ranking, actions, segments]) await remove("Solution", arn);
for (const { datasetArn } of [...Object.values(made), ...sold]) await remove("Dataset", datasetArn);
for (const one of [...Object.values(made), ...sold, { schemaArn }]) await remove("Schema", one.schemaArn);
await remove("DatasetGroup", datasetGroupArn);
await remove("DatasetGroup", domainGroupArn);
const { datasetGroups } = await personalize.listDatasetGroups({});
if (datasetGroups.length) throw new Error("a dataset group is left");

for (const name of [...done].sort()) console.log(name);
