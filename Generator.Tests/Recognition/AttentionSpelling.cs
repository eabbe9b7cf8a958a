using Cameo.Tests.Infrastructure;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>Writes attention with primitive operators, part by part; each part has several spellings.</summary>
internal sealed class AttentionSpelling(int opset = 18)
{
    private int _names;

    public OnnxModelBuilder Builder { get; } = new(opset);

    /// <summary>Adds a node and returns its first output.</summary>
    public string Op(string type, string[] inputs, params (string Name, object Value)[] attributes)
    {
        string name = $"{type.ToLowerInvariant()}{_names++}";
        Builder.Node(type, inputs, [name], attributes);
        return name;
    }

    public string Number(float value, params long[] sizes)
    {
        string name = $"number{_names++}";
        Builder.Constant(name, [value], sizes);
        return name;
    }

    /// <summary>A float tensor among the weights.</summary>
    public string Constant(float[] values, params long[] sizes)
    {
        string name = $"constant{_names++}";
        Builder.Constant(name, values, sizes);
        return name;
    }

    /// <summary>A list of int64.</summary>
    public string List(params long[] values)
    {
        string name = $"list{_names++}";
        Builder.Integers(name, values);
        return name;
    }

    /// <summary>An int64 scalar.</summary>
    public string Integer(long value)
    {
        string name = $"integer{_names++}";
        Builder.Integer(name, value);
        return name;
    }

    /// <summary>The size of an axis as the run knows it, a scalar.</summary>
    public string Size(string value, int axis) => Op("Gather", [Op("Shape", [value]), Integer(axis)], ("axis", 0));

    /// <summary>Scalars and lists in one list.</summary>
    public string Join(params object[] parts) => Op("Concat", [.. parts.Select(part => part is string scalar ? Op("Unsqueeze", [scalar, List(0)]) : List(Convert.ToInt64(part)))], ("axis", 0));

    public string Transpose(string value, params long[] permutation) => Op("Transpose", [value], ("perm", permutation));

    public string Cast(string value, DataType type) => Op("Cast", [value], ("to", (long)type));

    public string Unsqueeze(string value, params long[] axes) => Op("Unsqueeze", [value, List(axes)]);

    public string Range(string start, string end) => Op("Range", [start, end, Integer(1)]);

    /// <summary>softmax(scores) · values.</summary>
    public string Weigh(string scores, string values) => Op("MatMul", [Op("Softmax", [scores], ("axis", -1)), values]);

    /// <summary>query · keyᵀ · scale, scaled behind the product.</summary>
    public string Scores(string query, string key, float scale) => Op("Mul", [Op("MatMul", [query, Transpose(key, 0, 1, 3, 2)]), Number(scale)]);

    /// <summary>Heads repeated for groups of query heads: [b, h, s, d] to [b, h · groups, s, d].</summary>
    public string Repeat(string value, long heads, long groups, long size)
    {
        string rows = Size(value, 0);
        string length = Size(value, 2);
        string expanded = Op("Expand", [Unsqueeze(value, 2), Join(rows, heads, groups, length, size)]);
        return Op("Reshape", [expanded, Join(rows, heads * groups, length, size)]);
    }

    /// <summary>[queries, keys] of booleans: true for keys behind the query's own position, past + its index.</summary>
    public string Future(string query, string key, string? past = null)
    {
        string queries = Size(query, 2);
        string start = past is null ? Integer(0) : Size(past, 2);
        string positions = Op("Add", [Range(Integer(0), queries), start]);
        return Op("Greater", [Range(Integer(0), Size(key, 2)), Unsqueeze(positions, 1)]);
    }
}
