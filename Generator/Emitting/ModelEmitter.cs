using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Planning;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the file with the model class: constants, construction, load phase, description.</summary>
internal static class ModelEmitter
{
    /// <summary>Characters of a size in the header's memory plan: sizes of deep convolutional networks are long formulas.</summary>
    private const int LongestSize = 48;

    public static GeneratedSource Emit(EmissionModel model, string modelName)
    {
        var code = new CodeWriter();
        FileHeader.Write(code, $"{model.ClassName}: compiled from {modelName} by Cameo {Version}.");
        WriteOverview(code, model);
        code.Line($"namespace {model.Namespace};");
        code.Line();
        code.Line($"/// <summary>The model {CSharpText.Documentation(modelName)}, compiled. Immutable and safe for use from several threads; create a session for each.</summary>");
        foreach (KeyValuePair<string, string> entry in model.Model.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal).Take(16))
        {
            if (entry.Value.Length is > 0 and <= 500)
            {
                code.Line($"/// <remarks>{CSharpText.Documentation(entry.Key)}: {CSharpText.Documentation(entry.Value)}</remarks>");
            }
        }

        code.Line($"[global::System.CodeDom.Compiler.GeneratedCode(\"Cameo\", \"{Version}\")]");
        using (code.Block($"public sealed unsafe partial class {model.ClassName} : CompiledModel"))
        {
            WriteConstants(code, model);
            WriteConstruction(code, model);
            TextsEmitter.Write(code, model.Graph.Texts);
            WriteDescription(code, model);
            DetailsEmitter.Write(code, model);
        }

        return new GeneratedSource($"{model.Namespace}.{model.ClassName}.g.cs", code.ToString());
    }

    /// <summary>The compiler's version, as it stands in generated files.</summary>
    public static string Version { get; } = typeof(ModelEmitter).Assembly.GetName().Version!.ToString(3);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static void WriteOverview(CodeWriter code, EmissionModel model)
    {
        Graph graph = model.Graph;
        code.Line($"// Written by:  {(model.Model.Producer.Length > 0 ? CSharpText.Comment(model.Model.Producer) : "(not stated)")}");
        code.Line($"// Opsets:      {string.Join(", ", model.Model.Opsets.OrderBy(opset => opset.Key, StringComparer.Ordinal).Select(opset => $"{(opset.Key.Length == 0 ? "ai.onnx" : CSharpText.Comment(opset.Key))} {opset.Value}"))}");
        code.Line($"// Identity:    {model.Identity}");
        foreach (string symbol in graph.Symbols.Free.Where(symbol => !graph.Symbols.IsSetByKernel(symbol) && !graph.Symbols.Elements.ContainsKey(symbol)))
        {
            DimensionRange range = graph.Symbols.Range(symbol);
            code.Line($"// Dimension:   {CSharpText.Comment(symbol)} {(range.IsBounded ? $"= {range.Minimum}..{range.Maximum}" : $">= {range.Minimum}, not bounded")}");
        }

        foreach (KeyValuePair<string, Dimension> definition in graph.Symbols.Definitions.OrderBy(definition => definition.Key, StringComparer.Ordinal))
        {
            code.Line($"// Dimension:   {CSharpText.Comment(definition.Key)} = {CSharpText.Comment(definition.Value.ToString())}");
        }

        Dimension multiplyAdds = model.Lowered.Kernels.Aggregate(Dimension.Zero, (sum, kernel) => sum + kernel.MultiplyAdds);
        code.Line($"// Kernels:     {model.Lowered.Kernels.Count} a run, {model.Lowered.LoadKernels.Count} at load; {CSharpText.Comment(multiplyAdds.ToString())} multiply-adds in matrix products, convolutions and attention");
        code.Line($"// Weights:     {model.Lowered.WeightBytes} bytes packed, {model.Plan.PreparedBytes} bytes computed at load");
        code.Line($"// States:      {graph.States.Count}, {model.StateBytesPerRow} bytes a row");
        code.Line(model.Plan.IsStatic
            ? $"// Arena:       {model.Plan.ArenaBytes} bytes, planned down from {model.Plan.BytesBeforePlanning}"
            : "// Arena:       laid out at run time, once per change of shape, since a dimension is not bounded");
        WriteMemoryPlan(code, model);
        code.Line();
    }

    private static string Shorten(string size) => size.Length <= LongestSize ? size : size.Substring(0, LongestSize - 3) + "...";

    private static void WriteMemoryPlan(CodeWriter code, EmissionModel model)
    {
        if (model.Plan.Slots.Count == 0)
        {
            return;
        }

        code.Line("//");
        code.Line(model.Plan.IsStatic
            ? "// Memory plan: offset, bytes, kernels in which the place is in use, values"
            : "// Memory plan: bytes, kernels in which the place is in use, values; places that are not in use at the same time may overlap");
        foreach (ArenaSeries slot in ArenaSeries.Of(model.Plan, model.Schedule))
        {
            string place = model.Plan.IsStatic
                ? $"{slot.Offset,10} {slot.Bytes.Range(model.Graph.Symbols.Range).Maximum,10}"
                : $"{CSharpText.Comment(Shorten(slot.Bytes.ToString())),LongestSize}";
            code.Line($"//   {place}  {slot.FirstKernel,4}..{slot.LastKernel,-4} {CSharpText.Comment(SlotText.Values(slot))}");
        }
    }

    private static void WriteConstants(CodeWriter code, EmissionModel model)
    {
        code.Line("/// <summary>Bytes of the packed weights.</summary>");
        code.Line($"public const long WeightBytes = {Number(model.Lowered.WeightBytes)};");
        code.Line();
        code.Line(model.Plan.IsStatic
            ? "/// <summary>Bytes of a session's arena.</summary>"
            : "/// <summary>0: the arena's size depends on the inputs' sizes; see <see cref=\"CompiledSession.ArenaSize\"/>.</summary>");
        code.Line($"public const long ArenaBytes = {Number(model.Plan.ArenaBytes)};");
        code.Line();
        code.Line("/// <summary>Bytes of a session's states with one row.</summary>");
        code.Line($"public const long StateBytes = {Number(model.StateBytesPerRow)};");
        code.Line();
        foreach (int index in model.RunInputs)
        {
            WriteShapeConstants(code, model.Graph.Inputs[index], Identifiers.Pascal(model.InputNames[index].TrimStart('@')), "input");
        }

        foreach (int index in model.RunOutputs)
        {
            WriteShapeConstants(code, model.Graph.Outputs[index], model.OutputNames[index], "output");
        }
    }

    private static void WriteShapeConstants(CodeWriter code, Value value, string name, string kind)
    {
        if (!value.Shape.IsStatic)
        {
            return;
        }

        code.Line($"/// <summary>Elements of {kind} {CSharpText.Documentation(value.Name)}: {CSharpText.Documentation(value.RequiredType.ToString())}.</summary>");
        code.Line($"public const int {name}{(kind == "input" ? "Input" : "Output")}Length = {Number(value.Shape.ElementCount.Constant)};");
        code.Line();
    }

    private static void WriteConstruction(CodeWriter code, EmissionModel model)
    {
        code.Line("/// <summary>Loads the weights and checks that they belong to this class.</summary>");
        code.Line("/// <param name=\"options\">Where the weights lie and how far they are checked.</param>");
        code.Line("/// <exception cref=\"WeightFileException\">The weights are missing, damaged, or another compilation's.</exception>");
        using (code.Block($"public {model.ClassName}(global::Cameo.Sessions.ModelOptions? options = null)\n    : base(ModelDescription(), options)"))
        {
        }

        code.Line();
        code.Line("/// <summary>Creates a session: the buffers and states that one thread needs to run the model.</summary>");
        code.Line("/// <param name=\"options\">Threads, capacity of the states, rows of the batch.</param>");
        code.Line("public new Session CreateSession(SessionOptions? options = null) => new(this, options);");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("protected override CompiledSession CreateSessionCore(SessionOptions? options) => CreateSession(options);");
        code.Line();
        if (model.Lowered.LoadKernels.Count > 0)
        {
            code.Line("/// <inheritdoc/>");
            using (code.Block("protected override void Prepare(byte* prepared, Workers workers)"))
            {
                CallWriter.CallStages(code, model.LoadSchedule, "PrepareStage", "workers");
            }

            code.Line();
            CallWriter.WriteStages(code, model, model.LoadSchedule, "PrepareStage", "Workers workers", "workers");
        }
    }

    private static void WriteDescription(CodeWriter code, EmissionModel model)
    {
        Graph graph = model.Graph;
        string embedded = model.WeightsMode == "embed" && model.Lowered.WeightBytes > 0
            ? $"static () => typeof({model.ClassName}).Assembly.GetManifestResourceStream({CSharpText.Literal(model.ClassName + ".weights")})"
            : "null";
        using (code.Block("private static ModelDescription ModelDescription() => new()", "};"))
        {
            code.Line($"Name = {CSharpText.Literal(model.ClassName)},");
            code.Line($"Producer = {CSharpText.Literal(model.Model.Producer)},");
            code.Line($"OperatorSets = [{string.Join(", ", model.Model.Opsets.OrderBy(opset => opset.Key, StringComparer.Ordinal).Select(opset => $"new({CSharpText.Literal(opset.Key)}, {opset.Value})"))}],");
            code.Line($"Inputs = [.. DescribeInputs()],");
            code.Line($"Outputs = [.. DescribeOutputs()],");
            if (graph.ContainerInputs.Count > 0)
            {
                code.Line("SequenceInputs = [.. DescribeSequenceInputs()],");
            }

            if (graph.ContainerOutputs.Count > 0)
            {
                code.Line("SequenceOutputs = [.. DescribeSequenceOutputs()],");
            }

            if (graph.Maps.Count > 0)
            {
                code.Line("MapInputs = [.. DescribeMapInputs()],");
            }

            code.Line($"States = [.. DescribeStates()],");
            code.Line($"Dimensions = [.. DescribeDimensions()],");
            code.Line("ArenaBytes = ArenaBytes,");
            code.Line($"ArenaBytesBeforePlanning = {Number(model.Plan.BytesBeforePlanning)},");
            code.Line("WeightBytes = WeightBytes,");
            if (model.Lowered.ColdWeightBytes > 0)
            {
                code.Line($"ColdWeightBytes = {Number(model.Lowered.ColdWeightBytes)},");
            }

            code.Line($"PreparedBytes = {Number(model.Plan.PreparedBytes)},");
            code.Line("StateBytes = StateBytes,");
            code.Line($"Identity = {CSharpText.Literal(model.Identity)},");
            code.Line($"WeightFile = {CSharpText.Literal(model.WeightsMode == "embed" ? "" : model.ClassName + ".weights")},");
            code.Line($"EmbeddedWeights = {embedded},");
        }

        DescriptionList.Write(code, "DescribeInputs", "ValueDescription", [.. model.RunInputs.Select(index => DescribeValue(graph.Inputs[index], graph.Inputs[index].Name, model.InputNames[index].TrimStart('@')))]);
        DescriptionList.Write(code, "DescribeOutputs", "ValueDescription", [.. model.RunOutputs.Select(index => DescribeValue(graph.Outputs[index], graph.OutputName(index), model.OutputNames[index]))]);
        SequenceEmitter.WriteDescriptions(code, model);
        MapEmitter.WriteDescriptions(code, model);
        code.Line();
        StateEmitter.WriteDescriptions(code, model, (state, input, output) => DescribeState(state, model, input, output), state => OutputName(state, graph));
        DescriptionList.Write(code, "DescribeDimensions", "DimensionDescription", DescribeDimensions(graph));
    }

    private static string DescribeValue(Value value, string name, string member) =>
        $"new() {{ Name = {CSharpText.Literal(name)}, MemberName = {CSharpText.Literal(member)}, ElementType = (ElementType){(int)value.ElementType}, Dimensions = {CSharpText.List(value.Shape.Select(size => size.ToString()))} }}";

    private static string OutputName(StatePair state, Graph graph) => state.Output is { } output ? graph.OutputName(graph.Outputs.IndexOf(output)) : "";

    /// <param name="state">The state.</param>
    /// <param name="model">Its model.</param>
    /// <param name="input">C# of its input's name.</param>
    /// <param name="output">C# of its output's name.</param>
    private static string DescribeState(StatePair state, EmissionModel model, string input, string output)
    {
        long bytes = model.Graph.States.Where(part => part.Input == state.Input).Sum(model.StateBytes);
        string kind = state.Kind switch
        {
            StateKind.KeyValueCache => state.IsCombined ? "key and value cache" : "key/value cache",
            StateKind.FixedCache => "key/value cache of fixed size",
            StateKind.Carried => "replaced by each run",
            _ => "loaded once",
        };
        return $"new() {{ InputName = {input}, OutputName = {output}, ElementType = (ElementType){(int)state.Input.ElementType}, Dimensions = {CSharpText.List(state.Input.Shape.Select(size => size.ToString()))}, Kind = {CSharpText.Literal(kind)}, Bytes = {Number(bytes)} }}";
    }

    private static List<string> DescribeDimensions(Graph graph)
    {
        List<string> items = [];
        foreach (string symbol in graph.Symbols.Free.Where(symbol => !graph.Symbols.IsSetByKernel(symbol) && !graph.Symbols.Elements.ContainsKey(symbol)))
        {
            DimensionRange range = graph.Symbols.Range(symbol);
            items.Add($"new() {{ Symbol = {CSharpText.Literal(symbol)}, Minimum = {Number(range.Minimum)}, Maximum = {(range.IsBounded ? Number(range.Maximum) : "null")} }}");
        }

        foreach (KeyValuePair<string, Dimension> definition in graph.Symbols.Definitions.OrderBy(definition => definition.Key, StringComparer.Ordinal))
        {
            if (definition.Value.Value is { } pinned)
            {
                items.Add($"new() {{ Symbol = {CSharpText.Literal(definition.Key)}, Minimum = {Number(pinned)}, Maximum = {Number(pinned)}, Pinned = true }}");
            }
        }

        return items;
    }
}
