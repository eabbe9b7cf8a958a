using System.Globalization;
using Cameo.Demo.Output;
using Cameo.Descriptions;
using Cameo.Generation;
using Cameo.Sessions;
using Cameo.Vectors;

namespace Cameo.Demo;

/// <summary>What a generation took.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="GeneratedTokens">Tokens it wrote.</param>
/// <param name="DecodedTokens">Runs of the model with a single token.</param>
/// <param name="FirstToken">From the prompt to the first token; under the JIT the compilation of the kernels is part of it.</param>
/// <param name="Decoding">Time of the runs with a single token.</param>
/// <param name="AllocatedBytes">Managed memory that these runs allocated.</param>
/// <param name="StopReason">Why the text ended.</param>
public sealed record GenerationMeasurement(
    int PromptTokens, int GeneratedTokens, int DecodedTokens, TimeSpan FirstToken, TimeSpan Decoding, long AllocatedBytes, StopReason StopReason)
{
    /// <summary>Time to map the weights and lay out a session.</summary>
    public TimeSpan Loading { get; init; }

    /// <summary>Tokens of the whole text, read at once after the generation.</summary>
    public int ReadTokens { get; init; }

    /// <summary>Time of that.</summary>
    public TimeSpan Reading { get; init; }

    public void WriteTable(TextWriter output, CompiledSession session, GenerationSettings settings)
    {
        ModelDescription model = session.Description;
        var table = new TextTable();
        table.Add("prompt", Text($"{PromptTokens} tokens"));
        table.Add("written", Text($"{GeneratedTokens} tokens, ended by {Ending()}"));
        table.Add("load", Text($"{Loading.TotalMilliseconds:0.0} ms"));
        table.Add("time to first token", Text($"{FirstToken.TotalMilliseconds:0.0} ms"));
        if (ReadTokens > 0)
        {
            table.Add("prompt speed", Text($"{ReadTokens / Reading.TotalSeconds:N0} tokens/s over {ReadTokens} tokens"));
        }

        if (DecodedTokens > 0)
        {
            table.Add("decode speed", Text($"{DecodedTokens / Decoding.TotalSeconds:N0} tokens/s"));
            table.Add("allocated", Text($"{(double)AllocatedBytes / DecodedTokens:0.##} bytes a token"));
        }

        table.Add("weights", DescriptionText.Size(model.WeightBytes));
        table.Add("arena", DescriptionText.Size(session.ArenaSize));
        table.Add("state", Text($"{DescriptionText.Size(model.StateBytes)} for {session.Capacity} tokens"));
        table.Add("threads", Text($"{session.Threads}, vectors of {VectorWidth.Bits} bits"));
        table.Add("seed", settings.Temperature == 0 ? "none (greedy)" : Text($"{settings.Seed}"));
        table.Write(output);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private string Ending() => StopReason switch
    {
        StopReason.StopToken or StopReason.StopSequence => "the model",
        StopReason.MaximumTokens => "--tokens",
        StopReason.Capacity => "the context's end",
        _ => "Ctrl-C",
    };
}
