using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Passes.States;

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
            if (LooksLikeDecoder(model))
            {
                diagnostics.Add(new(DiagnosticIds.NoGeneration, DiagnosticLevel.Info, "No Generate method: the model's caches are inputs and outputs, not states of the session."));
            }

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
        foreach (GenerationInput input in signature.Inputs.Where(HasBuffer))
        {
            string type = Element(model, input.Input);
            code.Line(input.Role == GenerationRole.Mask
                ? $"private {type}[]? {Buffer(input)}; // {CSharpText.Comment(model.Graph.Inputs[input.Input].Name)}"
                : $"private readonly {type}[] {Buffer(input)} = new {type}[{(input.Role is GenerationRole.Tokens or GenerationRole.Positions ? signature.MaximumChunk : 1)}]; // {CSharpText.Comment(model.Graph.Inputs[input.Input].Name)}");
        }
    }

    /// <summary>Whether a model without state seems to continue sequences of tokens: token ids and a cache among its inputs, logits among its outputs.</summary>
    private static bool LooksLikeDecoder(EmissionModel model) =>
        model.Graph.Inputs.Any(input => input.ElementType is ElementType.Int64 or ElementType.Int32 && input.Shape.Rank == 2)
        && model.Graph.Inputs.Any(input => input.ElementType.IsFloat() && input.Shape.Rank >= 3 && StateNames.IsCache(input.Name))
        && model.Graph.Outputs.Any(output => output.ElementType.IsFloat() && output.Shape.Rank == 3);

    private static string Element(EmissionModel model, int input) => model.Graph.Inputs[input].ElementType.CSharpName()!;

    private static string? TryRecognize(EmissionModel model, SequencePlan sequence, out GenerationSignature? signature)
    {
        signature = null;
        Graph graph = model.Graph;
        GenerationInput[] inputs = [.. model.RunInputs.Select(index => GenerationInputs.Classify(model, sequence, index))];
        if (inputs.Count(input => input.Role == GenerationRole.Tokens) != 1)
        {
            return "it needs one integer [batch, sequence] input of tokens, and no others but positions and masks";
        }

        if (inputs.FirstOrDefault(input => input.Role == GenerationRole.Unknown) is { } unknown)
        {
            return $"nothing is known of the input '{graph.Inputs[unknown.Input].Name}'";
        }

        int[] logits = [.. model.RunOutputs.Where(index => graph.Outputs[index] is { ElementType: ElementType.Float32 } output && output.Shape.Rank == 3
            && (output.Shape[1] == sequence.NewTokens || output.Shape[1].Value == 1) && output.Shape[2].IsStatic)];
        if (logits.Length != 1)
        {
            return "it needs one float output [batch, sequence, vocabulary], or [batch, 1, vocabulary] of the last position";
        }

        if (sequence.Rows.Value is > 1)
        {
            return "the batch is pinned to more than one row";
        }

        long chunk = Math.Min(sequence.Capacity, sequence.NewTokens.Range(graph.Symbols.Range) is { IsBounded: true } range ? range.Maximum : DefaultChunk);
        signature = new GenerationSignature(inputs, logits[0], graph.Outputs[logits[0]].Shape[2].Constant, Math.Max(1, chunk));
        return null;
    }

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
                if (model.SkipsPositions)
                {
                    code.Line($"{LastPosition.Field} = true;");
                }

                WriteForwardBody(code, model, signature);
            }

            using (code.Block("finally"))
            {
                if (model.SkipsPositions)
                {
                    code.Line($"{LastPosition.Field} = false;");
                }

                code.Line("Exit();");
            }
        }

        code.Line();
    }

    private static void WriteForwardBody(CodeWriter code, EmissionModel model, GenerationSignature signature)
    {
        bool Has(GenerationRole role) => signature.Inputs.Any(input => input.Role == role);
        code.Line("int length = Length;");
        if (Has(GenerationRole.Mask))
        {
            code.Line("int columns = Position + tokens.Length;");
        }

        using (code.Block("for (int index = 0; index < tokens.Length; index++)"))
        {
            foreach (GenerationInput input in signature.Inputs.Where(input => input.Role is GenerationRole.Tokens or GenerationRole.Positions))
            {
                code.Line($"{Buffer(input)}[index] = {(input.Role == GenerationRole.Tokens ? "tokens[index]" : "length + index")};");
            }
        }

        code.Line();
        foreach (GenerationInput input in signature.Inputs)
        {
            string type = input.Role is GenerationRole.Unread or GenerationRole.NoMask ? "" : Element(model, input.Input);
            switch (input.Role)
            {
                case GenerationRole.Mask:
                    code.Line($"{Buffer(input)} ??= new {type}[Capacity + {signature.MaximumChunk}];");
                    code.Line($"Sequence!.FillMask({Buffer(input)}, {(type == "bool" ? "true" : $"({type})1")}, columns);");
                    break;
                case GenerationRole.Length:
                    code.Line($"{Buffer(input)}[0] = ({type})(length + tokens.Length - {model.Size(input.Offset)});");
                    break;
                case GenerationRole.WritePosition:
                    code.Line($"{Buffer(input)}[0] = ({type})length;");
                    break;
            }
        }

        string pins = string.Join("\n", signature.Inputs.Where(HasBuffer).Select(input => $"fixed ({Element(model, input.Input)}* pointer{input.Input} = {Buffer(input)})"));
        using (code.Block(pins))
        {
            foreach (GenerationInput input in signature.Inputs)
            {
                Shape shape = model.Graph.Inputs[input.Input].Shape;
                if (input.Role == GenerationRole.NoMask)
                {
                    code.Line($"_input{input.Input} = null; // one row has no padding");
                    continue;
                }

                string sizes = string.Concat(Enumerable.Range(0, shape.Rank).Select(axis => ", " + input.Size(shape, axis)));
                code.Line($"{BindingEmitter.Method(model, input.Input)}({(HasBuffer(input) ? $"pointer{input.Input}" : "null")}{sizes});");
            }

            code.Line("Execute();");
        }

        string pointer = model.Address.Pointer(model.Lowered.Outputs[signature.Logits]!);
        string last = model.Graph.Outputs[signature.Logits].Shape[1].Value == 1 ? "" : " + (tokens.Length - 1) * (long)VocabularySize";
        code.Line($"return new ReadOnlySpan<float>({pointer}{last}, VocabularySize);");
    }

    private static string Buffer(GenerationInput input) => $"_given{input.Input}";

    private static bool HasBuffer(GenerationInput input) => input.Role is not (GenerationRole.NoMask or GenerationRole.Unread);
}
