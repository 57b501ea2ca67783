// A shop built, asked and taken down again with Amazon's SDK for JavaScript: `node shop.mjs SCHEMAS DATA`.
//
// SCHEMAS is a folder with Interactions.json and Items.json, DATA an S3 folder with interactions.csv and items.csv.
// Endpoint, credentials and region come from the environment. Each answer is one line: a name, a tab, JSON.
// The packages lie in build/clients, which make installs from package-lock.json.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/build/clients/package.json`));
const { Personalize, paginateListSchemas } = require("@aws-sdk/client-personalize");
const { PersonalizeEvents } = require("@aws-sdk/client-personalize-events");
const { PersonalizeRuntime } = require("@aws-sdk/client-personalize-runtime");

const RECIPES = {
  "for-you": "aws-user-personalization-v2",
  similar: "aws-similar-items",
  ranking: "aws-personalized-ranking-v2",
};
const ROLE = "arn:aws:iam::123456789012:role/personalize";
const POLL_MILLISECONDS = 100;

const personalize = new Personalize();
const events = new PersonalizeEvents();
const runtime = new PersonalizeRuntime();

const say = (name, answer) => console.log(`${name}\t${JSON.stringify(answer)}`);
const itemIds = (list) => list.map(({ itemId }) => itemId);

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return error.name;
  }
  return "nothing was refused";
}

async function described(describe) {
  const { $metadata, ...answer } = await describe();
  return Object.values(answer)[0];
}

async function untilActive(describe) {
  for (;;) {
    const { status, failureReason } = await described(describe);
    if (status === "ACTIVE") return;
    if (status.endsWith("FAILED")) throw new Error(failureReason);
    await pause(POLL_MILLISECONDS);
  }
}

async function untilGone(describe) {
  while ((await refusal(describe)) !== "ResourceNotFoundException") await pause(POLL_MILLISECONDS);
}

async function makeDatasets(schemas, data) {
  const tags = [{ tagKey: "team", tagValue: "shop" }];
  const { datasetGroupArn } = await personalize.createDatasetGroup({ name: "shop", tags });
  await untilActive(() => personalize.describeDatasetGroup({ datasetGroupArn }));
  const datasets = {};
  for (const datasetType of ["Interactions", "Items"]) {
    const name = `shop-${datasetType.toLowerCase()}`;
    const schema = readFileSync(`${schemas}/${datasetType}.json`, "utf8");
    const { schemaArn } = await personalize.createSchema({ name, schema });
    const request = { name: datasetType, schemaArn, datasetGroupArn, datasetType };
    const { datasetArn } = await personalize.createDataset(request);
    await untilActive(() => personalize.describeDataset({ datasetArn }));
    const { datasetImportJobArn } = await personalize.createDatasetImportJob({
      jobName: name,
      datasetArn,
      dataSource: { dataLocation: `${data}/${datasetType.toLowerCase()}.csv` },
      roleArn: ROLE,
      importMode: "FULL",
    });
    await untilActive(() => personalize.describeDatasetImportJob({ datasetImportJobArn }));
    datasets[datasetType] = datasetArn;
  }
  return { datasetGroupArn, datasets };
}

async function train(datasetGroupArn, name) {
  const { solutionArn } = await personalize.createSolution({
    name,
    datasetGroupArn,
    recipeArn: `arn:aws:personalize:::recipe/${RECIPES[name]}`,
    performAutoTraining: false,
  });
  await untilActive(() => personalize.describeSolution({ solutionArn }));
  return (await personalize.createSolutionVersion({ solutionArn })).solutionVersionArn;
}

async function deploy(name, solutionVersionArn) {
  await untilActive(() => personalize.describeSolutionVersion({ solutionVersionArn }));
  const { campaignArn } = await personalize.createCampaign({ name, solutionVersionArn });
  await untilActive(() => personalize.describeCampaign({ campaignArn }));
  return campaignArn;
}

async function ask(campaigns, itemsArn, trackingId) {
  const asked = { campaignArn: campaigns["for-you"], userId: "newcomer", numResults: 5 };
  say("stranger", itemIds((await runtime.getRecommendations(asked)).itemList));
  const sentAt = new Date("2025-10-20T00:00:00Z");
  await events.putEvents({
    trackingId,
    userId: "newcomer",
    sessionId: "visit-1",
    eventList: [
      { eventId: "view-1", eventType: "View", itemId: "item-3-3", sentAt },
      { eventId: "view-2", eventType: "View", itemId: "item-3-4", sentAt },
    ],
  });
  const properties = JSON.stringify({ category: "shelf 3|new", price: 12.5, creationTimestamp: 1760000000 });
  await events.putItems({ datasetArn: itemsArn, items: [{ itemId: "fresh-1", properties }] });
  say("recommended", itemIds((await runtime.getRecommendations(asked)).itemList));
  const why = { ...asked, numResults: 1, metadataColumns: { ITEMS: ["EXPLANATION"] } };
  const [first] = (await runtime.getRecommendations(why)).itemList;
  say("explained", JSON.parse(first.metadata.EXPLANATION));
  const similar = { campaignArn: campaigns.similar, itemId: "item-2-2", numResults: 3 };
  say("similar", itemIds((await runtime.getRecommendations(similar)).itemList));
  const inputList = ["unknown-1", "item-9-1", "item-3-5"];
  const ranking = { campaignArn: campaigns.ranking, userId: "newcomer", inputList };
  say("ranked", itemIds((await runtime.getPersonalizedRanking(ranking)).personalizedRanking));
}

async function askWithFilter(datasetGroupArn, campaignArn) {
  const filterExpression = "INCLUDE ItemID WHERE Items.CATEGORY IN ($shelves)";
  const { filterArn } = await personalize.createFilter({ name: "shelves", datasetGroupArn, filterExpression });
  await untilActive(() => personalize.describeFilter({ filterArn }));
  const filterValues = { shelves: '"shelf 5","shelf 6"' };
  const asked = { campaignArn, userId: "newcomer", numResults: 5, filterArn, filterValues };
  say("filtered", itemIds((await runtime.getRecommendations(asked)).itemList));
  return filterArn;
}

async function lookAround(datasetGroupArn, solutionVersionArn, campaign, trackingId) {
  const { metrics } = await personalize.getSolutionMetrics({ solutionVersionArn });
  say("metrics", Object.keys(metrics).sort());
  const resourceArn = datasetGroupArn;
  await personalize.tagResource({ resourceArn, tags: [{ tagKey: "stage", tagValue: "test" }] });
  await personalize.untagResource({ resourceArn, tagKeys: ["team"] });
  say("tags", (await personalize.listTagsForResource({ resourceArn })).tags);
  const schemas = [];
  for await (const page of paginateListSchemas({ client: personalize, pageSize: 1 }, {})) schemas.push(...page.schemas);
  say("schemas", schemas.map(({ name }) => name));
  const { recipe } = await personalize.describeRecipe({ recipeArn: "arn:aws:personalize:::recipe/aws-sims" });
  say("recipe", recipe.name);
  const one = { eventType: "View", itemId: "item-1-1", sentAt: new Date("2025-10-20T00:00:00Z") };
  const eleven = { trackingId, sessionId: "visit-1", eventList: Array(11).fill(one) };
  const campaignArn = `${campaign}-x`;
  say("refused", {
    "taken name": await refusal(() => personalize.createDatasetGroup({ name: "shop" })),
    "unknown campaign": await refusal(() => personalize.describeCampaign({ campaignArn })),
    "unknown campaign asked": await refusal(() => runtime.getRecommendations({ campaignArn, userId: "u" })),
    "eleven events": await refusal(() => events.putEvents(eleven)),
    "group in use": await refusal(() => personalize.deleteDatasetGroup({ datasetGroupArn })),
  });
}

async function takeDown(datasetGroupArn, datasets, campaigns, filterArn, eventTrackerArn) {
  await personalize.deleteFilter({ filterArn });
  const campaignArns = Object.values(campaigns);
  for (const campaignArn of campaignArns) await personalize.deleteCampaign({ campaignArn });
  for (const campaignArn of campaignArns) await untilGone(() => personalize.describeCampaign({ campaignArn }));
  await personalize.deleteEventTracker({ eventTrackerArn });
  const { solutions } = await personalize.listSolutions({ datasetGroupArn });
  for (const { solutionArn } of solutions) await personalize.deleteSolution({ solutionArn });
  for (const { solutionArn } of solutions) await untilGone(() => personalize.describeSolution({ solutionArn }));
  for (const datasetArn of Object.values(datasets)) {
    const { schemaArn } = await described(() => personalize.describeDataset({ datasetArn }));
    await personalize.deleteDataset({ datasetArn });
    await untilGone(() => personalize.describeDataset({ datasetArn }));
    await personalize.deleteSchema({ schemaArn });
  }
  await untilGone(() => personalize.describeEventTracker({ eventTrackerArn }));
  await untilGone(() => personalize.describeFilter({ filterArn }));
  await personalize.deleteDatasetGroup({ datasetGroupArn });
  await untilGone(() => personalize.describeDatasetGroup({ datasetGroupArn }));
  const { datasetGroups } = await personalize.listDatasetGroups({});
  say("left", [datasetGroups, (await personalize.listSchemas({})).schemas]);
}

const [schemas, data] = process.argv.slice(2);
const { datasetGroupArn, datasets } = await makeDatasets(schemas, data);
const versions = {};
for (const name of Object.keys(RECIPES)) versions[name] = await train(datasetGroupArn, name);
const campaigns = {};
for (const [name, version] of Object.entries(versions)) campaigns[name] = await deploy(name, version);
const { eventTrackerArn, trackingId } = await personalize.createEventTracker({ name: "shop", datasetGroupArn });
await untilActive(() => personalize.describeEventTracker({ eventTrackerArn }));
await ask(campaigns, datasets.Items, trackingId);
const filterArn = await askWithFilter(datasetGroupArn, campaigns["for-you"]);
await lookAround(datasetGroupArn, versions["for-you"], campaigns["for-you"], trackingId);
await takeDown(datasetGroupArn, datasets, campaigns, filterArn, eventTrackerArn);
