// Runs DynamoDB Local by the dynamodb-local package, in a process of its own: the package starts
// Java in its caller's process group and with its caller's terminal, which must not be the
// gateway's. The one argument is JSON: { installPath, port, dbPath?, heapMb }.
import { delimiter, join } from 'node:path';
import dynamodbLocal from 'dynamodb-local';

const { installPath, port, dbPath, heapMb } = JSON.parse(process.argv[2]);

const home = process.env.JAVA_HOME;
if (home !== undefined && home !== '') {
  process.env.PATH = `${join(home, 'bin')}${delimiter}${process.env.PATH}`;
}

dynamodbLocal.configureInstaller({ installPath });
const options = ['-sharedDb', '-disableTelemetry'];
const child = await dynamodbLocal.launch(port, dbPath, options, false, false, `-Xmx${heapMb}m`);
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => child.kill('SIGTERM'));
}
