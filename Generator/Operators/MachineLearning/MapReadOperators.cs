using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// CastMap and DictVectorizer (version 1): https://onnx.ai/onnx/operators/onnx_aionnxml_CastMap.html, https://onnx.ai/onnx/operators/onnx_aionnxml_DictVectorizer.html. A map is two tensors
/// here, its keys and their values, so both are moves: what has no key is 0 or "", in CastMap's sparse form of texts "0.f" as in ONNX Runtime, and keys for which there is no place are passed
/// over as there. Numbers become texts as in Cast. The result is one row.
/// </summary>
internal sealed class MapReadOperators : MachineLearningOperator
{
    public static readonly IReadOnlyList<Operator> All = [new MapReadOperators("CastMap"), new MapReadOperators("DictVectorizer")];

    private MapReadOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public static bool Reads(Node node) => node.Domain == DomainName && node.Type is "CastMap" or "DictVectorizer";

    public override void Infer(Node node, InferenceContext context)
    {
        if (node.Inputs.Count != 2)
        {
            throw new ModelException(node, $"input 0 is {node.Input(0).Type} and no map");
        }

        (ElementType key, ElementType value) = (node.Input(0).ElementType, node.Input(1).ElementType);
        if (Type == "DictVectorizer")
        {
            context.SetType(node.Output, new TensorType(value, new Shape([1, VocabularySize(node, key)])));
            return;
        }

        if (key != ElementType.Int64 || value is not (ElementType.Float32 or ElementType.String))
        {
            throw new ModelException(node, $"input 0 is a map of {key.OnnxName()} to {value.OnnxName()}; expected is one of int64 to float or string");
        }

        context.SetType(node.Output, new TensorType(Target(node), new Shape([1, Places(node) is { } places ? places : node.Input(0).Shape[0]])));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        Value keys = node.Input(0), values = node.Input(1);
        Value row;
        if (Type == "DictVectorizer")
        {
            row = Place(context, Positions(node, keys, context), values, VocabularySize(node, keys.ElementType), context.Graph, "");
        }
        else
        {
            Value converted = context.Add("Cast", [("to", (long)Target(node))], values);
            row = Places(node) is { } places ? Place(context, InBounds(keys, places, context), converted, places, context.Graph, "0.f") : converted;
        }

        context.Replace(node.Output, context.Add("Unsqueeze", row, context.Integers(0)));
        return true;
    }

    /// <summary>Where each key of the map stands in the vocabulary; behind its end where it does not.</summary>
    private static Value Positions(Node node, Value keys, ExpansionContext context)
    {
        bool isText = keys.ElementType == ElementType.String;
        long size = VocabularySize(node, keys.ElementType);
        var encoder = new Node(node.Name, DomainName, "LabelEncoder", 2);
        encoder.SetAttribute(isText ? "keys_strings" : "keys_int64s", isText ? node.StringsAttribute("string_vocabulary")! : node.IntegersAttribute("int64_vocabulary")!);
        encoder.SetAttribute("values_int64s", Enumerable.Range(0, (int)size).Select(static place => (long)place).ToArray());
        encoder.SetAttribute("default_int64", size);
        encoder.AddOutput(context.Graph.AddValue(node.Name));
        return context.AddCopy(encoder, keys).Output;
    }

    /// <summary>Keys as positions: those beyond the end all behind it; negative ones stay so far out that the run is refused.</summary>
    private static Value InBounds(Value keys, long places, ExpansionContext context)
    {
        Value end = context.Literal(places, ElementType.Int64);
        Value isNegative = context.Add("Less", keys, context.Literal(0, ElementType.Int64));
        return context.Add("Where", isNegative, context.Literal(places + 1, ElementType.Int64), context.Add("Min", keys, end));
    }

    /// <summary>Values at their positions; one place behind the end takes what has none.</summary>
    private static Value Place(ExpansionContext context, Value positions, Value values, long places, Graph graph, string missing)
    {
        Value filled = values.ElementType == ElementType.String
            ? graph.AddConstant($"{values.Name}/missing", graph.Texts.Constant([.. Enumerable.Repeat(missing, (int)places + 1)], Shape.Of(places + 1)))
            : context.Add("Expand", context.Literal(0, values.ElementType), context.Integers(places + 1));
        Value all = context.Add("ScatterElements", [("axis", 0L)], filled, positions, values);
        return context.Add("Slice", all, context.Integers(0), context.Integers(places));
    }

    private static long VocabularySize(Node node, ElementType key)
    {
        string[] texts = node.StringsAttribute("string_vocabulary") ?? [];
        long[] integers = node.IntegersAttribute("int64_vocabulary") ?? [];
        if ((texts.Length == 0) == (integers.Length == 0))
        {
            throw new ModelException(node, $"the vocabulary is either 'string_vocabulary', which has {texts.Length} entries, or 'int64_vocabulary', which has {integers.Length}");
        }

        if ((key == ElementType.String) != texts.Length > 0)
        {
            throw new ModelException(node, $"the map has keys of type {key.OnnxName()}, and the vocabulary is one of {(texts.Length > 0 ? "strings" : "int64")}");
        }

        return texts.Length + integers.Length;
    }

    private static ElementType Target(Node node) => node.StringAttribute("cast_to", "TO_FLOAT") switch
    {
        "TO_FLOAT" => ElementType.Float32,
        "TO_INT64" => ElementType.Int64,
        "TO_STRING" => ElementType.String,
        var other => throw new ModelException(node, $"attribute 'cast_to' is '{other}'; expected are 'TO_FLOAT', 'TO_INT64' and 'TO_STRING'"),
    };

    /// <summary>The length of the result of the sparse form; null for the dense one.</summary>
    private static long? Places(Node node)
    {
        string form = node.StringAttribute("map_form", "DENSE");
        long places = node.IntegerAttribute("max_map", 1);
        return form switch
        {
            "DENSE" => null,
            "SPARSE" when places is > 0 and <= MaximumScores => places,
            "SPARSE" => throw new ModelException(node, $"attribute 'max_map' is {places}"),
            _ => throw new ModelException(node, $"attribute 'map_form' is '{form}'; expected are 'DENSE' and 'SPARSE'"),
        };
    }
}
