using Cameo.Generation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Generation;

public sealed class TokenGeneratorTests
{
    // An array: without optimisation a span of literals allocates at each use.
    private static readonly int[] ShortPrompt = [0, 1, 2];

    [Fact]
    public void Greedy_tokens_and_the_state_after_them()
    {
        var decoder = new FakeDecoder();
        TokenSequence tokens = new TokenGenerator(decoder).Generate([3, 5], new GenerationOptions { MaximumTokens = 4 });
        Assert.Equal(StopReason.None, tokens.StopReason);
        Assert.Equal([6, 7, 8, 9], tokens.ToArray());
        Assert.Equal(StopReason.MaximumTokens, tokens.StopReason);
        Assert.Equal([3, 5, 6, 7, 8, 9], decoder.Tokens.ToArray());
        Assert.Equal([2, 1, 1, 1, 1], decoder.ChunkLengths);
    }

    [Fact]
    public void A_second_prompt_continues_the_state()
    {
        var decoder = new FakeDecoder();
        var generator = new TokenGenerator(decoder);
        Assert.Equal([2, 3], generator.Generate([1], new GenerationOptions { MaximumTokens = 2 }).ToArray());
        Assert.Equal([11], generator.Generate([10], new GenerationOptions { MaximumTokens = 1 }).ToArray());
        Assert.Equal([1, 2, 3, 10, 11], decoder.Tokens.ToArray());
    }

    [Theory]
    [InlineData(1, 7, new[] { 1, 1, 1, 1, 1, 1, 1 })]
    [InlineData(3, 7, new[] { 3, 3, 1 })]
    [InlineData(7, 7, new[] { 7 })]
    [InlineData(8, 7, new[] { 7 })]
    public void A_long_prompt_is_fed_in_chunks(int chunk, int length, int[] expected)
    {
        var decoder = new FakeDecoder(chunk: chunk);
        int[] prompt = [.. Enumerable.Range(0, length)];
        Assert.Empty(new TokenGenerator(decoder).Generate(prompt, new GenerationOptions { MaximumTokens = 0 }).ToArray());
        Assert.Equal(expected, decoder.ChunkLengths);
        Assert.Equal(prompt, decoder.Tokens.ToArray());
    }

    [Fact]
    public void A_stop_token_ends_and_is_not_generated()
    {
        var decoder = new FakeDecoder();
        TokenSequence tokens = new TokenGenerator(decoder).Generate([0], new GenerationOptions { StopTokens = [9, 4] });
        Assert.Equal([1, 2, 3], tokens.ToArray());
        Assert.Equal(StopReason.StopToken, tokens.StopReason);
        Assert.Equal([0, 1, 2, 3], decoder.Tokens.ToArray());
    }

    [Fact]
    public void A_stop_sequence_ends_and_is_generated()
    {
        var decoder = new FakeDecoder();
        // The prompt's end does not count, nor does a sequence that is only begun.
        var options = new GenerationOptions { StopSequences = [[0, 1], [5, 7], [4, 5, 6]] };
        TokenSequence tokens = new TokenGenerator(decoder).Generate([0], options);
        Assert.Equal([1, 2, 3, 4, 5, 6], tokens.ToArray());
        Assert.Equal(StopReason.StopSequence, tokens.StopReason);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], decoder.Tokens.ToArray());
    }

    [Fact]
    public void A_full_state_ends_the_generation()
    {
        var decoder = new FakeDecoder(capacity: 5);
        TokenSequence tokens = new TokenGenerator(decoder).Generate([0, 1, 2]);
        Assert.Equal([3, 4, 5], tokens.ToArray());
        Assert.Equal(StopReason.Capacity, tokens.StopReason);
        Assert.Equal([0, 1, 2, 3, 4], decoder.Tokens.ToArray());

        decoder.Reset();
        tokens = new TokenGenerator(decoder).Generate([0, 1, 2], new GenerationOptions { MaximumTokens = 3 });
        Assert.Equal([3, 4, 5], tokens.ToArray());
        Assert.Equal(StopReason.MaximumTokens, tokens.StopReason);
    }

    [Fact]
    public void A_prompt_beyond_the_capacity_is_refused_and_changes_nothing()
    {
        var decoder = new FakeDecoder(capacity: 5);
        var generator = new TokenGenerator(decoder);
        Assert.Equal([2], generator.Generate([0, 1], new GenerationOptions { MaximumTokens = 1 }).ToArray());
        StateFullException exception = Assert.Throws<StateFullException>(() => generator.Generate([1, 2, 3]));
        Assert.Equal((5, 3, 3), (exception.Capacity, exception.Length, exception.Requested));
        Assert.Equal([3], generator.Generate([1, 2], new GenerationOptions { MaximumTokens = 1 }).ToArray());
    }

    [Fact]
    public void Wrong_prompts_are_refused()
    {
        var generator = new TokenGenerator(new FakeDecoder());
        Assert.Throws<ArgumentException>(() => generator.Generate([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([-1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([1], new GenerationOptions { Temperature = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([1], new GenerationOptions { Temperature = float.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([1], new GenerationOptions { TopP = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([1], new GenerationOptions { TopK = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([1], new GenerationOptions { RepetitionPenalty = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate([1], new GenerationOptions { StopSequences = [[]] }));
    }

    [Fact]
    public void Leaving_the_loop_keeps_the_last_token_in_the_state()
    {
        var decoder = new FakeDecoder();
        var generator = new TokenGenerator(decoder);
        foreach (int token in generator.Generate([0]))
        {
            if (token == 3)
            {
                break;
            }
        }

        Assert.Equal([0, 1, 2, 3], decoder.Tokens.ToArray());
        Assert.Equal(StopReason.Interrupted, generator.StopReason);
        Assert.Equal(3, generator.GeneratedTokens);
    }

    [Fact]
    public void An_older_generation_can_not_be_read_on()
    {
        var generator = new TokenGenerator(new FakeDecoder());
        TokenSequence first = generator.Generate([0]);
        using TokenSequence.Enumerator enumerator = first.GetEnumerator();
        Assert.True(enumerator.MoveNext());
        TokenSequence second = generator.Generate([0]);
        Assert.Throws<InvalidOperationException>(() => enumerator.MoveNext());
        Assert.Throws<InvalidOperationException>(() => first.StopReason);
        Assert.Equal([1], second.Take(1).ToArray());
    }

    [Fact]
    public void Cancellation_ends_with_an_exception_and_the_session_stays_usable()
    {
        var decoder = new FakeDecoder();
        var generator = new TokenGenerator(decoder);
        using var source = new CancellationTokenSource();
        var seen = new List<int>();
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (int token in generator.Generate([0], null, source.Token))
            {
                seen.Add(token);
                if (token == 2)
                {
                    source.Cancel();
                }
            }
        });
        Assert.Equal([1, 2], seen);
        Assert.Equal(StopReason.Interrupted, generator.StopReason);
        decoder.Reset();
        Assert.Equal([1], generator.Generate([0]).Take(1).ToArray());
    }

    [Fact]
    public void A_failing_run_ends_the_generation()
    {
        var decoder = new FakeDecoder();
        var generator = new TokenGenerator(decoder);
        TokenSequence.Enumerator enumerator = generator.Generate([0]).GetEnumerator();
        Assert.True(enumerator.MoveNext());
        decoder.FailsNext = true;
        Assert.Throws<InvalidOperationException>(() => enumerator.MoveNext());
        Assert.False(enumerator.MoveNext());
        enumerator.Dispose();
        Assert.Equal([0], decoder.Tokens.ToArray());
    }

    [Fact]
    public void Callback_and_asynchronous_streaming()
    {
        var decoder = new FakeDecoder();
        var generator = new TokenGenerator(decoder);
        var seen = new List<int>();
        StopReason reason = generator.Generate([0], token =>
        {
            seen.Add(token);
            return token != 4;
        });
        Assert.Equal([1, 2, 3, 4], seen);
        Assert.Equal(StopReason.Interrupted, reason);
        Assert.Equal(StopReason.StopToken, generator.Generate([0], static _ => true, new GenerationOptions { StopTokens = [5] }));
    }

    [Fact]
    public async Task Asynchronous_streaming()
    {
        var generator = new TokenGenerator(new FakeDecoder());
        var seen = new List<int>();
        await foreach (int token in generator.GenerateAsync(new[] { 0 }, new GenerationOptions { MaximumTokens = 3 }))
        {
            seen.Add(token);
        }

        Assert.Equal([1, 2, 3], seen);
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (int token in generator.GenerateAsync(new[] { 0 }).WithCancellation(source.Token))
            {
                source.Cancel();
            }
        });
    }

    [Theory]
    [InlineData(0f, 0, 1f, 1f)]
    [InlineData(0.8f, 0, 1f, 1f)]
    [InlineData(0.8f, 40, 0.9f, 1.1f)]
    public void Nothing_is_allocated_per_token(float temperature, int topK, float topP, float penalty)
    {
        var options = new GenerationOptions
        {
            Temperature = temperature, TopK = topK, TopP = topP, RepetitionPenalty = penalty, Seed = 1, StopSequences = [[1, 1, 1, 1, 1, 1, 1]], StopTokens = [99],
        };
        var decoder = new FakeDecoder(vocabularySize: 100, capacity: 600);
        var generator = new TokenGenerator(decoder);
        Assert.Equal(50, Consume(generator, options with { MaximumTokens = 50, StopTokens = [] }));
        options = options with { MaximumTokens = 500, StopTokens = [] };

        int count = 0;
        long allocated = ThreadAllocations.Measure(() => count = Consume(generator, options), decoder.Reset);
        Assert.Equal(500, count);
        Assert.Equal(0, allocated);
    }

    private static int Consume(TokenGenerator generator, GenerationOptions options)
    {
        int count = 0;
        foreach (int _ in generator.Generate(ShortPrompt, options))
        {
            count++;
        }

        return count;
    }
}
