using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>A named set of element types: what an operator takes.</summary>
internal sealed class ElementTypeSet(string name, Func<ElementType, bool> contains)
{
    public static readonly ElementTypeSet Floating = new("floating-point numbers", type => type.IsFloat());

    public static readonly ElementTypeSet Integers = new("integers", type => type.IsInteger());

    public static readonly ElementTypeSet Numeric = new("numbers", type => type.IsFloat() || type.IsInteger());

    public static readonly ElementTypeSet Booleans = new("booleans", type => type == ElementType.Boolean);

    public static readonly ElementTypeSet NumericOrBoolean = new("numbers or booleans", type => type.IsFloat() || type.IsInteger() || type == ElementType.Boolean);

    /// <summary>What can be compared for equality alone.</summary>
    public static readonly ElementTypeSet NumericBooleanOrText = new("numbers, booleans or strings", type => NumericOrBoolean.Contains(type) || type == ElementType.String);

    public static readonly ElementTypeSet Texts = new("strings", type => type == ElementType.String);

    /// <summary>Everything whose elements have a fixed size, strings (which are handles) among them: what can be moved without knowing what it means.</summary>
    public static readonly ElementTypeSet Movable = new("elements of fixed size", type => type.Bits() > 0);

    public bool Contains(ElementType type) => contains(type);

    /// <summary>Refuses an input of the node that is not of the set.</summary>
    public void Require(Node node, int input)
    {
        ElementType type = node.Input(input).ElementType;
        if (!contains(type))
        {
            throw ModelException.Unsupported(node, $"input {input} ('{node.Input(input).Name}') has elements of type {type.OnnxName()}; supported are {name}");
        }
    }

    /// <summary>Refuses the node unless two of its inputs have the same element type.</summary>
    public static void RequireEqual(Node node, int left, int right)
    {
        if (node.Input(left).ElementType != node.Input(right).ElementType)
        {
            throw new ModelException(node, $"inputs {left} ({node.Input(left).ElementType.OnnxName()}) and {right} ({node.Input(right).ElementType.OnnxName()}) must have the same element type");
        }
    }
}
