using System.Diagnostics;
using System.Runtime.InteropServices;
using Cameo.Demo.Output;
using Cameo.Generation;
using Cameo.Models;
using Cameo.Sessions;
using Cameo.Tokenizers;

namespace Cameo.Demo;

/// <summary>Streams a text of the built-in language model and measures it.</summary>
public sealed class TextGeneration(GenerationSettings settings)
{
    private readonly BytePairTokenizer _tokenizer = KingJamesTokenizer.Load();

    /// <summary>Writes the text as it is made and then a table of what it took; a cancelled text ends where it is.</summary>
    public void Run(TextWriter output, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        using var model = new KingJames();
        using KingJames.Session session = model.CreateSession(new SessionOptions { Threads = settings.Threads });
        TimeSpan loading = Stopwatch.GetElapsedTime(started);

        int[] prompt = _tokenizer.Encode(settings.Prompt);
        if (prompt.Length >= session.Capacity)
        {
            throw new UsageException($"the prompt has {prompt.Length} tokens, and the model's context is {session.Capacity}; give a shorter one");
        }

        var tokens = new List<int>(session.Capacity + 1);
        tokens.AddRange(prompt);
        GenerationMeasurement measurement = Stream(session, prompt, tokens, output, cancellation) with { Loading = loading };
        output.WriteLine();
        output.WriteLine();
        if (!cancellation.IsCancellationRequested)
        {
            measurement = measurement with { ReadTokens = tokens.Count, Reading = ReadAgain(session, tokens) };
        }

        measurement.WriteTable(output, session, settings);
    }

    private GenerationMeasurement Stream(
        KingJames.Session session, int[] prompt, List<int> tokens, TextWriter output, CancellationToken cancellation)
    {
        var options = new GenerationOptions
        {
            Temperature = settings.Temperature,
            TopK = settings.TopK,
            TopP = settings.TopP,
            Seed = settings.Seed,
            MaximumTokens = settings.Tokens,
            StopTokens = [_tokenizer.EndToken],
        };
        var text = new TokenStream(_tokenizer);
        output.Write(Terminal.BoldOn);
        foreach (int token in prompt)
        {
            output.Write(text.Add(token));
        }

        output.Write(Terminal.Plain);
        TimeSpan first = TimeSpan.Zero, decoding = TimeSpan.Zero;
        long allocated = 0;
        int generated = 0, decoded = 0;
        TokenSequence sequence = session.Generate(prompt, options, cancellation);
        using TokenSequence.Enumerator enumerator = sequence.GetEnumerator();
        try
        {
            while (true)
            {
                // Only the model's own time and memory count, not the terminal's.
                long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
                long started = Stopwatch.GetTimestamp();
                bool more = enumerator.MoveNext();
                TimeSpan taken = Stopwatch.GetElapsedTime(started);
                if (generated == 0)
                {
                    first = taken;
                }
                else
                {
                    // One run of the model each, also where it then ends.
                    decoded++;
                    decoding += taken;
                    allocated += GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
                }

                if (!more)
                {
                    break;
                }

                generated++;
                tokens.Add(enumerator.Current);
                output.Write(text.Add(enumerator.Current));
                output.Flush();
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C: what was written stays, and the table says how far it came.
        }

        output.Write(text.Flush());
        return new GenerationMeasurement(prompt.Length, generated, decoded, first, decoding, allocated, sequence.StopReason);
    }

    /// <summary>Reads the whole text as a prompt: the one above is too short to time, and its first run compiles the kernels.</summary>
    private static TimeSpan ReadAgain(KingJames.Session session, List<int> tokens)
    {
        session.Reset();
        long started = Stopwatch.GetTimestamp();
        foreach (int _ in session.Generate(CollectionsMarshal.AsSpan(tokens), new GenerationOptions { MaximumTokens = 1 }))
        {
            break;
        }

        return Stopwatch.GetElapsedTime(started);
    }
}
