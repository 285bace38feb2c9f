// The published root template as a CDK stack with typed properties, for apps that are written in TypeScript.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BootstraplessSynthesizer, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import type { Construct } from 'constructs';

export const ENVIRONMENTS = ['dev', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export interface ClickstreamProps extends StackProps {
  /** Names the stream, the tables and everything else; dev is deleted with its data, the others are not. */
  readonly environment: Environment;
  /** Shards of the stream. @default 2 */
  readonly streamShardCount?: number;
  /** MB of each function, a multiple of 64; less than 1024 is raised to 1024. @default 256 */
  readonly lambdaMemorySize?: number;
  /** Days until live counters and session metrics leave DynamoDB. @default 30 */
  readonly dataRetentionDays?: number;
  /** Bucket that `make publish` filled. @default clickstream-assets-<account>-<region> */
  readonly assetBucket?: string;
  /** Start of the names of its objects. @default clickstream/ */
  readonly assetPrefix?: string;
  /** The root template. @default $CLICKSTREAM_TEMPLATE, or the one that `make template` wrote in this repository */
  readonly templateFile?: string;
}

/** Everything of the lake is in the nested stack of the template; its outputs are outputs of this stack. */
export class ClickstreamStack extends Stack {
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: ClickstreamProps) {
    super(scope, id, {
      // The template brings no assets, so no bootstrap is needed.
      synthesizer: new BootstraplessSynthesizer({}),
      terminationProtection: props.environment !== 'dev',
      ...props,
    });
    // Values take the place of their parameters: `cdk deploy` keeps the previous values of those that remain.
    const parameters = Object.fromEntries(Object.entries(chosen(props)).filter(([, value]) => value !== undefined));
    this.template = new CfnInclude(this, 'Template', { templateFile: templateFile(props), parameters });
  }
}

function chosen(props: ClickstreamProps): Record<string, string | number | undefined> {
  return {
    Environment: props.environment,
    StreamShardCount: props.streamShardCount,
    LambdaMemorySize: props.lambdaMemorySize,
    DataRetentionDays: props.dataRetentionDays,
    AssetBucket: props.assetBucket,
    AssetPrefix: props.assetPrefix,
  };
}

function templateFile(props: ClickstreamProps): string {
  const file = props.templateFile ?? process.env.CLICKSTREAM_TEMPLATE ?? resolve(process.cwd(), '../../out/cloudformation/cloudformation.yaml');
  if (!existsSync(file)) {
    throw new Error(`${file} is missing: run \`make template\``);
  }
  return file;
}
