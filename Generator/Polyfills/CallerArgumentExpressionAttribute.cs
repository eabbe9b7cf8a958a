using Microsoft.CodeAnalysis;

namespace System.Runtime.CompilerServices;

/// <summary>The parameter receives the source text of another argument.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class CallerArgumentExpressionAttribute(string parameterName) : Attribute
{
    public string ParameterName { get; } = parameterName;
}
