using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>Writes <c>Generate</c> and the decoder interface below it, for models that continue sequences of tokens.</summary>
internal static class GenerationEmitter
{
    /// <summary>Longer prompts are fed in chunks where the model does not bound them: the arena grows with the chunk.</summary>
    private const long DefaultChunk = 512;

    /// <summary>The signature of a decoder; null, with the reason as a diagnostic where the model has states, when the model is none.</summary>
    public static GenerationSignature? Recognize(EmissionModel model, List<DiagnosticInfo> diagnostics)
    {
        if (model.Graph.Sequence is not { } sequence)
        {
            return null;
        }

        string? reason = TryRecognize(model, sequence, out GenerationSignature? signature);
        if (reason is not null)
        {
            diagnostics.Add(new(DiagnosticIds.NoGeneration, DiagnosticLevel.Info, $"No Generate method: {reason}."));
        }

        return signature;
    }

    public static void Write(CodeWriter code, EmissionModel model, GenerationSignature signature)
    {
        WriteMembers(code, signature);
        WriteForward(code, model, signature);
        code.Line("private TokenGenerator? _generator;");
        code.Line($"private readonly {Element(model, signature.Tokens)}[] _tokenBuffer = new {Element(model, signature.Tokens)}[{signature.MaximumChunk}];");
        if (signature.Positions >= 0)
        {
            code.Line($"private readonly {Element(model, signature.Positions)}[] _positionBuffer = new {Element(model, signature.Positions)}[{signature.MaximumChunk}];");
        }

    }

    private static string Element(EmissionModel model, int input) => model.Graph.Inputs[input].ElementType.CSharpName()!;

    private static string? TryRecognize(EmissionModel model, SequencePlan sequence, out GenerationSignature? signature)
    {
        signature = null;
        Graph graph = model.Graph;
        Value[] integers = [.. model.RunInputs.Select(index => graph.Inputs[index])
            .Where(input => input.ElementType is ElementType.Int64 or ElementType.Int32 && input.Shape.Rank == 2 && input != sequence.Mask && input.Shape[1] == sequence.NewTokens)];
        Value[] tokens = [.. integers.Where(input => !IsPosition(input))];
        Value[] positions = [.. integers.Where(IsPosition)];
        if (tokens.Length != 1 || positions.Length > 1 || model.RunInputs.Count != 1 + positions.Length + (sequence.Mask is null ? 0 : 1))
        {
            return "it needs one integer [batch, sequence] input of tokens, and no others but positions and a padding mask";
        }

        int[] logits = [.. model.RunOutputs.Where(index => graph.Outputs[index] is { ElementType: ElementType.Float32 } output && output.Shape.Rank == 3
            && output.Shape[1] == sequence.NewTokens && output.Shape[2].IsStatic)];
        if (logits.Length != 1)
        {
            return "it needs one float output [batch, sequence, vocabulary]";
        }

        if (sequence.Rows.Value is > 1)
        {
            return "the batch is pinned to more than one row";
        }

        long chunk = Math.Min(sequence.Capacity, sequence.NewTokens.Range(graph.Symbols.Range) is { IsBounded: true } range ? range.Maximum : DefaultChunk);
        signature = new GenerationSignature(graph.Inputs.IndexOf(tokens[0]), positions.Length == 0 ? -1 : graph.Inputs.IndexOf(positions[0]),
            sequence.Mask is null ? -1 : graph.Inputs.IndexOf(sequence.Mask), logits[0], graph.Outputs[logits[0]].Shape[2].Constant, Math.Max(1, chunk));
        return null;
    }

    private static bool IsPosition(Value input) => input.Name.IndexOf("position", StringComparison.OrdinalIgnoreCase) >= 0;

    private static void WriteMembers(CodeWriter code, GenerationSignature signature)
    {
        code.Line("/// <summary>Number of tokens the model knows.</summary>");
        code.Line($"public const int VocabularySize = {signature.Vocabulary};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("int IDecoder.VocabularySize => VocabularySize;");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"int IDecoder.MaximumPromptChunk => {signature.MaximumChunk};");
        code.Line();
        code.Line("/// <summary>The generator behind <see cref=\"Generate\"/>: stop reason, counts, streaming to callbacks and asynchronous streams.</summary>");
        code.Line("public TokenGenerator Generator => _generator ??= new TokenGenerator(this);");
        code.Line();
        code.Line("/// <summary>Continues the session's text by a prompt and what the model makes of it: <c>foreach (int token in session.Generate(prompt))</c>.</summary>");
        code.Line("/// <param name=\"prompt\">At least one token; appended to what the state holds.</param>");
        code.Line("/// <param name=\"options\">How to choose tokens and when to stop; greedy where null.</param>");
        code.Line("/// <param name=\"cancellation\">Checked before each token.</param>");
        code.Line("public TokenSequence Generate(ReadOnlySpan<int> prompt, GenerationOptions? options = null, global::System.Threading.CancellationToken cancellation = default) =>");
        code.Line("    Generator.Generate(prompt, options, cancellation);");
        code.Line();
    }

    private static void WriteForward(CodeWriter code, EmissionModel model, GenerationSignature signature)
    {
        code.Line("/// <summary>Appends tokens to the state and returns the logits of the last one, valid until the session is used again.</summary>");
        code.Line("/// <param name=\"tokens\">At least one token.</param>");
        using (code.Block("public ReadOnlySpan<float> Forward(ReadOnlySpan<int> tokens)"))
        {
            using (code.Block($"if (tokens.Length < 1 || tokens.Length > {signature.MaximumChunk})"))
            {
                code.Line($"throw new ArgumentOutOfRangeException(nameof(tokens), tokens.Length, \"A run takes 1 to {signature.MaximumChunk} tokens.\");");
            }

            code.Line();
            code.Line("Enter();");
            using (code.Block("try"))
            {
                WriteForwardBody(code, model, signature);
            }

            using (code.Block("finally"))
            {
                code.Line("Exit();");
            }
        }

        code.Line();
    }

    private static void WriteForwardBody(CodeWriter code, EmissionModel model, GenerationSignature signature)
    {
        code.Line("int length = Length;");
        using (code.Block("for (int index = 0; index < tokens.Length; index++)"))
        {
            code.Line("_tokenBuffer[index] = tokens[index];");
            if (signature.Positions >= 0)
            {
                code.Line("_positionBuffer[index] = length + index;");
            }
        }

        code.Line();
        string fixedPositions = signature.Positions >= 0 ? $"\nfixed ({Element(model, signature.Positions)}* positions = _positionBuffer)" : "";
        using (code.Block($"fixed ({Element(model, signature.Tokens)}* ids = _tokenBuffer){fixedPositions}"))
        {
            foreach (int index in model.RunInputs)
            {
                code.Line(index == signature.Mask
                    ? $"_input{index} = null; // one row has no padding"
                    : $"{BindingEmitter.Method(model, index)}({(index == signature.Tokens ? "ids" : "positions")}, 1, tokens.Length);");
            }

            code.Line("Execute();");
        }

        string pointer = model.Address.Pointer(model.Lowered.Outputs[signature.Logits]!);
        code.Line($"return new ReadOnlySpan<float>({pointer} + (tokens.Length - 1) * (long)VocabularySize, VocabularySize);");
    }
}
