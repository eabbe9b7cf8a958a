using Microsoft.CodeAnalysis;

namespace System.Diagnostics.CodeAnalysis;

/// <summary>The argument may be null when the method returns <see cref="ReturnValue"/>.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class MaybeNullWhenAttribute(bool returnValue) : Attribute
{
    public bool ReturnValue { get; } = returnValue;
}
