// Schemas and tools with the openai npm SDK: zodResponseFormat, runTools, the streaming helpers. Asserts on structure only.
//
// Run as openai_sdk.mjs is. Prints PASS or FAIL for each check; exits 1 if one failed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The packages live in a cache folder outside the tree (see run): UNDERSTUDY_NODE_MODULES.
const require = createRequire(pathToFileURL(process.env.UNDERSTUDY_NODE_MODULES + '/'));
const OpenAI = require('openai');
const { LengthFinishReasonError } = require('openai/error');
const { zodFunction, zodResponseFormat } = require('openai/helpers/zod');
const { z } = require('zod');

const way = process.env.UNDERSTUDY_WAY ?? '';
const apiKey = process.env.UNDERSTUDY_API_KEY ?? 'unused';
const client = new OpenAI({ baseURL: process.env.UNDERSTUDY_URL + '/v1', apiKey, maxRetries: 0, timeout: 300_000 });
const model = (await client.models.list()).data[0].id;
const messages = [{ role: 'user', content: 'What is the weather in Paris?' }];
const options = { model, messages, temperature: 0, max_tokens: 300, seed: 1 };

const Place = z.object({
  city: z.enum(['Paris', 'London', 'Rome']),
  country: z.enum(['France', 'England', 'Italy']).nullable(),
});
const City = z.object({ city: z.enum(['Paris', 'London', 'Rome']) });
const weather = zodFunction({ name: 'weather', description: 'The weather in a city.', parameters: City });
const named = { type: 'function', function: { name: 'weather' } };

const checks = {
  async parses_a_schema() {
    const answer = await client.chat.completions.parse({ ...options, response_format: zodResponseFormat(Place, 'place') });
    const [choice] = answer.choices;
    assert.deepEqual(choice.message.parsed, Place.parse(JSON.parse(choice.message.content)));
    assert.equal(choice.finish_reason, 'stop');
    assert.ok(choice.confidence >= 0 && choice.confidence <= 1);
  },

  async streams_a_schema() {
    const request = { ...options, response_format: zodResponseFormat(Place, 'place') };
    const whole = await client.chat.completions.parse(request);
    const stream = client.chat.completions.stream(request);
    let text = '';
    stream.on('content.delta', ({ delta }) => (text += delta));
    const final = await stream.finalChatCompletion();
    assert.equal(text, whole.choices[0].message.content);
    assert.deepEqual(final.choices[0].message.parsed, whole.choices[0].message.parsed);
  },

  async refuses_where_it_may() {
    const format = zodResponseFormat(Place, 'place');
    const request = {
      ...options,
      response_format: { ...format, json_schema: { ...format.json_schema, abstain: true } },
      temperature: 1,
    };
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { message } = (await client.chat.completions.create({ ...request, seed })).choices[0];
      const final = await client.chat.completions.stream({ ...request, seed }).finalChatCompletion();
      const streamed = final.choices[0].message;
      assert.equal(message.refusal === null, message.content !== null);
      assert.deepEqual([streamed.content || null, streamed.refusal ?? null], [message.content, message.refusal]);
    }
  },

  async calls_a_tool() {
    for (const tool_choice of ['required', named]) {
      const request = { ...options, tools: [weather], tool_choice, parallel_tool_calls: false };
      const { choices } = await client.chat.completions.parse(request);
      assert.equal(choices[0].finish_reason, 'tool_calls');
      const [call] = choices[0].message.tool_calls;
      assert.deepEqual(call.function.parsed_arguments, City.parse(JSON.parse(call.function.arguments)));
      const final = await client.chat.completions.stream(request).finalChatCompletion();
      assert.equal(final.choices[0].message.tool_calls[0].function.arguments, call.function.arguments);
    }
  },

  async runs_tools() {
    for (const stream of [false, true]) {
      const asked = [];
      const tool = zodFunction({
        name: 'weather',
        description: 'The weather in a city.',
        parameters: City,
        function: ({ city }) => {
          asked.push(city);
          return { city, weather: 'rain' };
        },
      });
      // With a named tool the runner stops after the first call; then the conversation goes on with what it holds.
      const runner = client.chat.completions.runTools({ ...options, tools: [tool], tool_choice: named, stream });
      await runner.done();
      assert.equal(asked.length, 1);
      assert.equal(runner.messages.at(-1).role, 'tool');
      const answer = await client.chat.completions.create({
        ...options,
        messages: runner.messages,
        tools: [weather],
        tool_choice: 'none',
        max_tokens: 16,
      });
      assert.ok(answer.choices[0].message.content.length > 0);
      // Left to itself: the calls that the model makes are run and sent back until it answers, perhaps at length.
      const free = client.chat.completions.runTools(
        { ...options, tools: [tool], stream, max_tokens: 100 },
        { maxChatCompletions: 3 },
      );
      await free.done().catch((error) => {
        if (!(error instanceof LengthFinishReasonError)) throw error;
      });
      assert.ok(free.allChatCompletions().length >= 1);
    }
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`PASS openai-npm ${name}${way}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL openai-npm ${name}${way}`);
    console.error(error);
  }
}
process.exit(failed ? 1 : 0);
