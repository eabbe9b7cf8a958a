using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>A table that translates labels: keys, their values, and what stands for other keys. Strings are handles.</summary>
internal sealed record LabelTable(InlineConstant Keys, InlineConstant Values, ElementEvaluator.Element Missing)
{
    /// <summary>The element that stands for other keys, as C#.</summary>
    public string MissingText => Values.Type.ElementType.IsFloat()
        ? KernelText.Number(Missing.Float, Values.Type.ElementType)
        : $"({Values.Type.ElementType.CSharpName()}){KernelText.Integer(Missing.Integer)}";

    /// <summary>The table of a LabelEncoder: from version 2 on one list of keys and one of values, before that strings and their places, in either direction.</summary>
    public static LabelTable OfEncoder(Node node, TextTable texts)
    {
        if (node.Version < 2)
        {
            string[] classes = node.StringsAttribute("classes_strings") ?? [];
            return OfPairs(node, texts, classes, [.. Enumerable.Range(0, classes.Length).Select(static place => (long)place)]);
        }

        InlineConstant keys = List(node, "keys", texts), values = List(node, "values", texts);
        return keys.Count == values.Count
            ? new LabelTable(keys, values, Default(node, values.Type.ElementType, texts))
            : throw new ModelException(node, $"there are {keys.Count} keys and {values.Count} values");
    }

    /// <summary>The table of a CategoryMapper.</summary>
    public static LabelTable OfMapper(Node node, TextTable texts) =>
        OfPairs(node, texts, node.StringsAttribute("cats_strings") ?? [], node.IntegersAttribute("cats_int64s") ?? []);

    /// <summary>The table in the order of its keys, each once, what is no number last, or not at all where it finds nothing.</summary>
    public LabelTable Ordered(bool lastCounts, bool findsMissing)
    {
        ElementEvaluator.Element[] keys = Folding.ReadElements(Keys), values = Folding.ReadElements(Values);
        bool isFloat = Keys.Type.ElementType.IsFloat();
        int[] order = [.. Enumerable.Range(0, keys.Length)
            .Where(index => findsMissing || !isFloat || !double.IsNaN(keys[index].Float))
            .GroupBy(index => isFloat ? (object)(keys[index].Float == 0 ? 0.0 : keys[index].Float) : keys[index].Integer)
            .Select(group => lastCounts ? group.Last() : group.First())
            .OrderBy(index => isFloat && double.IsNaN(keys[index].Float)).ThenBy(index => isFloat ? keys[index].Float : 0).ThenBy(index => isFloat ? 0 : keys[index].Integer)];
        return new LabelTable(Pick(keys, order, Keys.Type.ElementType), Pick(values, order, Values.Type.ElementType), Missing);
    }

    private static LabelTable OfPairs(Node node, TextTable texts, string[] strings, long[] integers)
    {
        if (strings.Length == 0 || strings.Length != integers.Length)
        {
            throw new ModelException(node, $"there are {strings.Length} strings and {integers.Length} integers; expected are as many of both, and one at least");
        }

        InlineConstant names = texts.Constant(strings, Shape.Of(strings.Length)), numbers = ConstantElements.FromIntegers(integers);
        return node.Input(0).ElementType switch
        {
            ElementType.String => new LabelTable(names, numbers, Default(node, ElementType.Int64, texts)),
            ElementType.Int64 => new LabelTable(numbers, names, Default(node, ElementType.String, texts)),
            var other => throw new ModelException(node, $"input 0 has elements of type {other.OnnxName()}; expected are strings or int64"),
        };
    }

    private static InlineConstant Pick(ElementEvaluator.Element[] elements, int[] order, ElementType type) =>
        Folding.FromElements([.. order.Select(index => elements[index])], new TensorType(type, Shape.Of(order.Length)));

    private static InlineConstant List(Node node, string kind, TextTable texts)
    {
        var found = new List<InlineConstant>();
        if (node.FloatsAttribute($"{kind}_floats") is { Length: > 0 } floats)
        {
            found.Add(ConstantElements.FromFloats(floats, Shape.Of(floats.Length)));
        }

        if (node.IntegersAttribute($"{kind}_int64s") is { Length: > 0 } integers)
        {
            found.Add(ConstantElements.FromIntegers(integers));
        }

        if (node.StringsAttribute($"{kind}_strings") is { Length: > 0 } strings)
        {
            found.Add(texts.Constant(strings, Shape.Of(strings.Length)));
        }

        if (node.HasAttribute($"{kind}_tensor") && node.TensorAttribute($"{kind}_tensor") is InlineConstant { Count: > 0 } tensor)
        {
            found.Add(tensor.Type.Rank == 1 ? tensor : throw new ModelException(node, $"attribute '{kind}_tensor' is {tensor.Type}; expected is one axis"));
        }

        return found is [var only] ? only : throw new ModelException(node, $"there are {found.Count} lists of {kind}; expected is one");
    }

    private static ElementEvaluator.Element Default(Node node, ElementType type, TextTable texts)
    {
        if (node.HasAttribute("default_tensor") && node.TensorAttribute("default_tensor") is InlineConstant { Count: > 0 } tensor)
        {
            return tensor.Type.ElementType == type && tensor.Count == 1 ? Folding.ReadElements(tensor)[0]
                : throw new ModelException(node, $"attribute 'default_tensor' is {tensor.Type}; expected is one element of type {type.OnnxName()}");
        }

        return type switch
        {
            ElementType.Float32 or ElementType.Float64 => new ElementEvaluator.Element(node.FloatAttribute("default_float", -0f), 0),
            ElementType.String => new ElementEvaluator.Element(0, texts.Handle(node.StringAttribute("default_string", "_Unused"))),
            _ => new ElementEvaluator.Element(0, node.IntegerAttribute("default_int64", -1)),
        };
    }
}
