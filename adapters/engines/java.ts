/** Checks whether there is a Java that the engines can run on. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { GatewayError } from '../../src/domain/errors.ts';

const javaVersionMin = 17;
const probeTimeoutMs = 10_000;

/** The java command: the one in JAVA_HOME if it is set, as with Java's own tools. */
export function javaCommand(): string {
  const home = process.env['JAVA_HOME'];
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
}

/** Errors: `unavailable`, with what to do, if Java is missing or too old. */
export async function checkJava(): Promise<void> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile(javaCommand(), ['-version'], { timeout: probeTimeoutMs }, (error, out, err) => {
      if (error === null) resolve(out + err);
      else reject(javaWanted(`and "${javaCommand()} -version" failed`, error));
    });
  });
  const major = Number(/version "(?:1\.)?(\d+)/.exec(output)?.[1]);
  if (!(major >= javaVersionMin)) {
    throw javaWanted(`and "${javaCommand()}" is version ${Number.isNaN(major) ? '?' : major}`);
  }
}

function javaWanted(found: string, cause?: Error): GatewayError {
  return new GatewayError(
    'unavailable',
    `Java ${javaVersionMin} or later is needed for the embedded engines, ${found}: install a ` +
      'JDK or set JAVA_HOME, or name running engines with KINESKA_KAFKA_BOOTSTRAP and ' +
      'KINESKA_DYNAMODB_ENDPOINT.',
    cause === undefined ? undefined : { cause },
  );
}
