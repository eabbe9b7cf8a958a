using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Emitting;

/// <summary>Writes what sessions have for sequences and optionals.</summary>
internal static class SequenceEmitter
{
    private const string SequenceType = "global::Cameo.Sequences.TensorSequence";

    public static void WriteFields(CodeWriter code, EmissionModel model)
    {
        for (int index = 0; index < model.Lowered.Sequences.Count; index++)
        {
            code.Line($"private readonly {SequenceType} {SequenceText.Field(index)}; // {CSharpText.Comment(model.Lowered.Sequences[index].Name)}");
        }
    }

    public static void WriteConstruction(CodeWriter code, EmissionModel model)
    {
        for (int index = 0; index < model.Lowered.Sequences.Count; index++)
        {
            code.Line($"{SequenceText.Field(index)} = new {SequenceType}(SequencePool, (ElementType){(int)model.Lowered.Sequences[index].ElementType}{(model.Lowered.Sequences[index].ElementType == ElementType.String ? ", Texts" : "")});");
        }
    }

    /// <summary>At the beginning of a run all sequences give their memory back, but those that the caller has just filled.</summary>
    public static void WriteBegin(CodeWriter code, EmissionModel model)
    {
        for (int index = 0; index < model.Lowered.Sequences.Count; index++)
        {
            if (!model.Lowered.Sequences[index].IsInput)
            {
                code.Line($"{SequenceText.Field(index)}.Clear();");
            }
        }
    }

    public static void WriteAccess(CodeWriter code, EmissionModel model)
    {
        if (model.Graph.ContainerInputs.Count > 0)
        {
            // The first objects are the inputs'.
            WriteAccess(code, "GetSequenceInput", [.. Enumerable.Range(0, model.Graph.ContainerInputs.Count)]);
        }

        if (model.Graph.ContainerOutputs.Count > 0)
        {
            WriteAccess(code, "GetSequenceOutput", model.Lowered.ContainerOutputs);
        }
    }

    /// <summary>The parameter of an input in the typed run.</summary>
    public static string Parameter(EmissionModel model, int index) => model.Graph.ContainerInputs[index].Container!.Kind switch
    {
        ContainerKind.Sequence => $"global::System.Collections.Generic.IReadOnlyList<Tensor> {model.ContainerInputNames[index]}",
        ContainerKind.OptionalSequence => $"global::System.Collections.Generic.IReadOnlyList<Tensor>? {model.ContainerInputNames[index]}",
        _ => $"Tensor? {model.ContainerInputNames[index]}",
    };

    /// <summary>Brings the parameter of the typed run into its object.</summary>
    public static string Bind(EmissionModel model, int index) => model.Graph.ContainerInputs[index].Container!.Kind == ContainerKind.OptionalTensor
        ? $"BindOptional({index}, {model.ContainerInputNames[index]});"
        : $"BindSequence({index}, {model.ContainerInputNames[index]});";

    /// <summary>Type of an output in the typed run.</summary>
    public static string OutputType(EmissionModel model, int index) => Kind(model, index) == ContainerKind.Sequence ? SequenceType : $"{SequenceType}?";

    /// <summary>The expression that hands out a result.</summary>
    public static string Output(EmissionModel model, int index) => $"ReadSequence({index}){(Kind(model, index) == ContainerKind.Sequence ? "!" : "")}";

    public static void WriteDescriptions(CodeWriter code, EmissionModel model)
    {
        Graph graph = model.Graph;
        if (graph.ContainerInputs.Count > 0)
        {
            DescriptionList.Write(code, "DescribeSequenceInputs", "SequenceDescription",
                [.. graph.ContainerInputs.Select((input, index) => Describe(input.Name, model.ContainerInputNames[index].TrimStart('@'), input.Container!, input.Container!.Kind))]);
        }

        if (graph.ContainerOutputs.Count > 0)
        {
            DescriptionList.Write(code, "DescribeSequenceOutputs", "SequenceDescription",
                [.. graph.ContainerOutputs.Select((output, index) => Describe(graph.ContainerOutputNames[index], model.ContainerOutputNames[index], output.Container!, Kind(model, index)))]);
        }
    }

    /// <summary>What the model declares an output as; a sequence where it is always one.</summary>
    private static ContainerKind Kind(EmissionModel model, int index)
    {
        Value output = model.Graph.ContainerOutputs[index];
        return output.DeclaredContainer is { } declared && declared.IsSequence == output.Container!.IsSequence ? declared.Kind : output.Container!.Kind;
    }

    private static string Describe(string name, string member, ContainerType type, ContainerKind kind)
    {
        string dimensions = type.Items.Sizes is { } sizes ? CSharpText.List(sizes.Select(size => size?.ToString() ?? "?")) : "null";
        return $"new() {{ Name = {CSharpText.Literal(name)}, MemberName = {CSharpText.Literal(member)}, Kind = SequenceKind.{kind}, ElementType = (ElementType){(int)type.ElementType}, Dimensions = {dimensions} }}";
    }

    private static void WriteAccess(CodeWriter code, string method, IReadOnlyList<int> sequences)
    {
        code.Line("/// <inheritdoc/>");
        code.Line($"protected override {SequenceType} {method}(int index) => index switch");
        code.Line("{");
        using (code.Indent())
        {
            for (int index = 0; index < sequences.Count; index++)
            {
                code.Line($"{index} => {SequenceText.Field(sequences[index])},");
            }

            code.Line("_ => throw new ArgumentOutOfRangeException(nameof(index)),");
        }

        code.Line("};");
        code.Line();
    }
}
