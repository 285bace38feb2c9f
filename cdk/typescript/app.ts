// Entry point of `cdk` in this folder: context keys as those of the Python app, read in this file only.
import { App } from 'aws-cdk-lib';
import { ENVIRONMENTS, ClickstreamStack, type Environment } from './clickstream-stack';

/** Keys that become parameters; everything else was decided when the template was written (`make template`). */
const KEYS = ['environment', 'streamShardCount', 'lambdaMemorySize', 'dataRetentionDays', 'assetBucket', 'assetPrefix', 'stackName'];

function text(app: App, key: string): string | undefined {
  const value: unknown = app.node.tryGetContext(key);
  return value === undefined ? undefined : String(value);
}

function whole(app: App, key: string): number | undefined {
  const value = text(app, key);
  if (value !== undefined && !/^\d+$/.test(value)) {
    throw new Error(`${key}=${value}: a whole number is needed`);
  }
  return value === undefined ? undefined : Number(value);
}

function environment(app: App): Environment {
  const value = text(app, 'environment') ?? 'dev';
  const known = ENVIRONMENTS.find((name) => name === value);
  if (known === undefined) {
    throw new Error(`environment=${value}: one of ${ENVIRONMENTS.join(', ')} is needed`);
  }
  return known;
}

function refuseUnknownKeys(app: App): void {
  const given = Object.keys(app.node.getAllContext()).filter((key) => !/^(@|cli-)|:/.test(key));
  const unknown = given.filter((key) => !KEYS.includes(key)).sort();
  if (unknown.length > 0) {
    throw new Error(`unknown context key ${unknown.join(', ')}; known are ${KEYS.join(', ')}`);
  }
}

function main(): void {
  const app = new App();
  refuseUnknownKeys(app);
  const name = environment(app);
  new ClickstreamStack(app, text(app, 'stackName') ?? `clickstream-${name}`, {
    environment: name,
    streamShardCount: whole(app, 'streamShardCount'),
    lambdaMemorySize: whole(app, 'lambdaMemorySize'),
    dataRetentionDays: whole(app, 'dataRetentionDays'),
    assetBucket: text(app, 'assetBucket'),
    assetPrefix: text(app, 'assetPrefix'),
  });
  app.synth();
}

try {
  main();
} catch (error) {
  console.error(`clickstream: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
