// The openai npm SDK against a running server.
//
// UNDERSTUDY_URL is the server's base URL ("http://127.0.0.1:8080"). Where another server stands before it,
// UNDERSTUDY_ENGINE_URL is that of the one with the model, and UNDERSTUDY_WAY says so in the names of the checks. Prints PASS or
// FAIL for each check; exits 1 if one failed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The SDK lives in a cache folder outside the tree (see run): UNDERSTUDY_NODE_MODULES.
const require = createRequire(pathToFileURL(process.env.UNDERSTUDY_NODE_MODULES + '/'));
const OpenAI = require('openai');

const url = process.env.UNDERSTUDY_URL;
const engineUrl = process.env.UNDERSTUDY_ENGINE_URL ?? url;
const way = process.env.UNDERSTUDY_WAY ?? '';
const apiKey = process.env.UNDERSTUDY_API_KEY ?? 'unused';
const client = new OpenAI({ baseURL: url + '/v1', apiKey, maxRetries: 0, timeout: 300_000 });
const model = (await client.models.list()).data[0].id;
const messages = [{ role: 'user', content: 'What is the capital of France? Answer in one sentence.' }];

const ready = async () => (await fetch(engineUrl + '/ready')).json();

// The place of a cancelled request is free within a step; the deadline is for a busy machine.
async function waitUntilIdle() {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const state = await ready();
    if (state.running === 0 && state.queued === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('still running');
}

const checks = {
  async lists_models() {
    const ids = [];
    for await (const entry of client.models.list()) ids.push(entry.id);
    assert.deepEqual(ids, [model]);
    assert.equal((await client.models.retrieve(model)).id, model);
  },

  async answers_a_chat() {
    const answer = await client.chat.completions.create({ model, messages, max_tokens: 48, temperature: 0 });
    assert.match(answer.choices[0].message.content, /Paris/);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  },

  async streams_the_same_chat() {
    const options = { model, messages, max_tokens: 48, temperature: 0 };
    const whole = await client.chat.completions.create(options);
    const stream = await client.chat.completions.create({
      ...options,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, whole.choices[0].message.content);
    assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
  },

  async streams_through_the_helper() {
    const stream = client.chat.completions.stream({ model, messages, max_tokens: 16, temperature: 0 });
    const final = await stream.finalChatCompletion();
    assert.ok(final.choices[0].message.content.length > 0);
  },

  async cancels_in_the_middle() {
    const stream = await client.chat.completions.create({
      model,
      messages,
      max_tokens: 1000,
      stream: true,
      ignore_eos: true,
    });
    let chunks = 0;
    for await (const chunk of stream) {
      assert.equal(chunk.object, 'chat.completion.chunk');
      if (++chunks === 4) break;
    }
    await waitUntilIdle();
  },

  async cancels_with_an_abort_signal() {
    const controller = new AbortController();
    const stream = await client.chat.completions.create(
      { model, messages, max_tokens: 1000, stream: true, ignore_eos: true },
      { signal: controller.signal },
    );
    let chunks = 0;
    for await (const _ of stream) {
      if (++chunks === 4) controller.abort();
    }
    await waitUntilIdle();
  },

  async completes_text() {
    const answer = await client.completions.create({
      model,
      prompt: 'The capital of France is',
      max_tokens: 4,
      temperature: 0,
    });
    assert.match(answer.choices[0].text, /Paris/);
  },

  async errors_are_the_sdks_own() {
    const create = (more) => client.chat.completions.create({ model, messages, ...more });
    await assert.rejects(create({ model: 'gpt-4o' }), (error) => {
      return error instanceof OpenAI.NotFoundError && error.code === 'model_not_found';
    });
    await assert.rejects(create({ temperature: 3 }), (error) => {
      return error instanceof OpenAI.BadRequestError && error.param === 'temperature';
    });
    await assert.rejects(create({ max_tokens: 10_000_000 }), (error) => {
      return error instanceof OpenAI.BadRequestError && error.code === 'context_length_exceeded';
    });
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`PASS npm ${name}${way}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL npm ${name}${way}`);
    console.error(error);
  }
}
process.exit(failed ? 1 : 0);
