using Microsoft.CodeAnalysis;

namespace System.Diagnostics.CodeAnalysis;

/// <summary>The result is not null when the named parameter is not null.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.ReturnValue, AllowMultiple = true)]
internal sealed class NotNullIfNotNullAttribute(string parameterName) : Attribute
{
    public string ParameterName { get; } = parameterName;
}
